import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Context } from './context.ts';
import { ExitCode, Failure, messageOf } from './failure.ts';

/** Reads a public key, PEM, JWK or base64url, from a file or, named `-`, from stdin. Throws a Failure if it cannot be one. */
export async function readPublicKey({ stdin }: Context, file: string): Promise<string> {
  const name = file === '-' ? 'stdin' : file;
  let content: string;
  try {
    content = file === '-' ? await text(stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new Failure(ExitCode.USAGE, `cannot read the public key: ${messageOf(error)}`, { cause: error });
  }
  const key = content.trim();
  // An empty key would register a device that has none.
  if (key === '') throw new Failure(ExitCode.USAGE, `${name} is empty; it should hold a public key as PEM or JWK`);
  if (/PRIVATE KEY-----|"d"\s*:/.test(key)) {
    throw new Failure(ExitCode.USAGE, `${name} holds a private key, which was not sent; give the public one (openssl pkey -in ${name} -pubout)`);
  }
  return key;
}
