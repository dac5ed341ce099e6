import type { Command } from 'commander';
import type { Context } from './context.ts';
import { examples } from './examples.ts';
import { ExitCode, Failure } from './failure.ts';
import { readPassword } from './password.ts';
import { printJson } from './print.ts';

interface Options {
  readonly passwordFile?: string;
  readonly json?: true;
}

const HINT = 'This is an entry of the JSON list KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS, for which a shell needs single quotes.\n';

/** Adds `introspect-client`. */
export function addIntrospectClientCommand(program: Command, context: Context): void {
  const command = program.command('introspect-client')
    .description('make the name and password of one who may introspect tokens, as an entry of a setting; needs no service')
    .argument('<name>', '1 to 128 visible ASCII characters without a colon')
    .option('--password-file <FILE>', 'file with the password, 8 to 1024 characters; - reads it from stdin (default: it is asked for)')
    .option('--json', 'print the entry as a JSON document, and nothing else')
    .action((name: string, options: Options) => run(context, name, options));
  examples(command, ['keyturn introspect-client gateway', `export KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS="[$(keyturn introspect-client gateway --password-file password.txt)]"`]);
}

/** Prints the entry in one line, and to people what it is for. */
async function run(context: Context, name: string, { passwordFile, json }: Options): Promise<void> {
  // Loaded here, because the other commands have no use for it.
  const [{ isClientName }, { hashPassword }, { passwordText }] = await Promise.all([
    import('../config/iothentix.ts'),
    import('../crypto/password.ts'),
    import('../crypto/password_text.ts'),
  ]);
  if (!isClientName(name)) throw new Failure(ExitCode.USAGE, 'the name expects 1 to 128 visible ASCII characters without a colon');
  const password = await readPassword(context, passwordFile);
  if (!isPassword(password)) throw new Failure(ExitCode.USAGE, 'the password expects 8 to 1024 characters of UTF-8 text, without control characters such as line ends');
  const entry = { name, password_hash: passwordText(await hashPassword(password)) };
  if (json) return printJson(context, entry);
  context.stdout.write(`${JSON.stringify(entry)}\n`);
  context.stderr.write(HINT);
}

/** What RFC 7617 lets a client send. Bytes that are not UTF-8 have been read as U+FFFD. */
function isPassword(text: string): boolean {
  return /^[^\p{Cc}\ufffd]{8,1024}$/u.test(text);
}
