import { createInterface } from 'node:readline';
import type { Context } from './context.ts';
import { ExitCode, Failure } from './failure.ts';

/** Asks a person before something that cannot be undone. Throws a Failure unless the answer is yes. */
export async function confirm({ stdin, stderr }: Context, question: string): Promise<void> {
  if (stdin.isTTY !== true) throw new Failure(ExitCode.USAGE, 'there is no terminal to ask for confirmation; add --yes');
  const terminal = createInterface({ input: stdin, output: stderr });
  const answer = await new Promise<string | undefined>((resolve) => {
    // Ctrl-C and Ctrl-D end it without an answer.
    terminal.once('close', () => resolve(undefined));
    terminal.question(`${question} [y/N] `, resolve);
  });
  terminal.close();
  if (answer === undefined) stderr.write('\n');
  if (!/^y(?:es)?$/i.test(answer?.trim() ?? '')) throw new Failure(ExitCode.FAILED, 'not confirmed, nothing was changed');
}
