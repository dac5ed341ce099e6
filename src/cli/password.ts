import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { Context } from './context.ts';
import { ExitCode, Failure } from './failure.ts';
import { readSecret } from './secret.ts';

/** A password from a file or, named `-`, from stdin; without one it is asked for, twice, and not shown. Throws a Failure. */
export async function readPassword(context: Context, file: string | undefined): Promise<string> {
  if (file !== undefined) return readSecret(context, file, 'the password');
  if (context.stdin.isTTY !== true) throw new Failure(ExitCode.USAGE, 'there is no terminal to ask for the password; give --password-file');
  const [password = '', again] = await askHidden(context, ['New password: ', 'Once more: ']);
  if (password !== again) throw new Failure(ExitCode.USAGE, 'the two are not the same, nothing was changed');
  return password;
}

/** Asks one question after the other. Lines may come sooner than they are asked for. */
async function askHidden({ stdin, stderr }: Context, questions: readonly string[]): Promise<string[]> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: stdin, output: silent, terminal: true });
  const lines = terminal[Symbol.asyncIterator]();
  const answers: string[] = [];
  try {
    for (const question of questions) {
      stderr.write(question);
      const line = await lines.next();
      stderr.write('\n');
      // Ctrl-C and Ctrl-D end it.
      if (line.done === true) throw new Failure(ExitCode.FAILED, 'no password was given, nothing was changed');
      answers.push(line.value);
    }
  } finally {
    terminal.close();
  }
  return answers;
}
