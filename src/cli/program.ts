import { createProgram } from './commands.ts';
import type { Context } from './context.ts';
import { ExitCode } from './failure.ts';
import { withKeysLast } from './key_argument.ts';
import { report } from './trouble.ts';

/** Runs one command line. Returns the exit code; what went wrong is written to stderr. */
export async function run(args: readonly string[], context: Context): Promise<number> {
  let exitCode: number = ExitCode.DONE;
  const isJson = asksForJson(args);
  const program = createProgram(context, {
    isJson,
    finish: (code) => {
      exitCode = code;
    },
  });
  try {
    await program.parseAsync(withKeysLast(args), { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, context, isJson);
  }
}

/** Looked up before the words are parsed, because it also says how what is wrong with them is told. */
function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end === -1 ? undefined : end).includes('--json');
}
