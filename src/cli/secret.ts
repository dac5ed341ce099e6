import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Context } from './context.ts';
import { ExitCode, Failure, messageOf } from './failure.ts';

/** Reads a secret, `what` for people, from a file or, named `-`, from stdin; a line end after it does not count. Throws a Failure. */
export async function readSecret({ stdin }: Context, file: string, what: string): Promise<string> {
  let content: string;
  try {
    content = file === '-' ? await text(stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new Failure(ExitCode.USAGE, `cannot read ${what}: ${messageOf(error)}`, { cause: error });
  }
  const secret = content.replace(/\r?\n$/, '');
  // An empty one would count as none.
  if (secret === '') throw new Failure(ExitCode.USAGE, `${file === '-' ? 'stdin' : file} is empty; it should hold ${what}`);
  return secret;
}
