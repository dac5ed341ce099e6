import { CommanderError } from 'commander';
import { ConfigError } from '../config/reader.ts';
import { createProgram } from './commands.ts';
import type { Context } from './context.ts';
import { ExitCode, Failure, messageOf } from './failure.ts';
import { withKeysLast } from './key_argument.ts';

/** Runs one command line. Returns the exit code; what went wrong is written to stderr. */
export async function run(args: readonly string[], context: Context): Promise<number> {
  let exitCode: number = ExitCode.DONE;
  const program = createProgram(context, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(withKeysLast(args), { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, context);
  }
}

function report(error: unknown, { stderr }: Context): ExitCode {
  // Commander has written what is wrong, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.DONE : ExitCode.USAGE;
  if (error instanceof ConfigError) {
    stderr.write(`keyturn: bad settings\n${error.message.replaceAll(/^/gm, '  ')}\n`);
    return ExitCode.USAGE;
  }
  stderr.write(`keyturn: ${messageOf(error)}\n`);
  return error instanceof Failure ? error.exitCode : ExitCode.FAILED;
}
