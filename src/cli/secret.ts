import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Context } from './context.ts';
import { ExitCode, Failure, messageOf } from './failure.ts';

/** Reads a secret, `what` for people, from a file or, named `-`, from stdin; one line end after it does not count. Throws a Failure. */
export async function readSecret(context: Context, file: string, what: string): Promise<string> {
  const secret = await read(context, file, what);
  // An empty one would count as none.
  if (secret === '') throw new Failure(ExitCode.USAGE, `${nameOf(file)} is empty; it should hold ${what}`);
  return secret;
}

/** The same for a secret of a device, which is checked before it is sent. */
export async function readDeviceSecret(context: Context, file: string): Promise<string> {
  const secret = await read(context, file, 'the secret');
  if (/^[A-Za-z0-9_-]{8,32}$/.test(secret)) return secret;
  throw new Failure(ExitCode.USAGE, `${nameOf(file)} should hold a secret of 8 to 32 characters of A-Za-z0-9_-, and nothing else; it was not sent`);
}

async function read({ stdin }: Context, file: string, what: string): Promise<string> {
  try {
    const content = file === '-' ? await text(stdin) : await readFile(file, 'utf8');
    return content.replace(/\r?\n$/, '');
  } catch (error) {
    throw new Failure(ExitCode.USAGE, `cannot read ${what}: ${messageOf(error)}`, { cause: error });
  }
}

function nameOf(file: string): string {
  return file === '-' ? 'stdin' : file;
}
