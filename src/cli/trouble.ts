import { CommanderError } from 'commander';
import { ConfigError } from '../config/reader.ts';
import { styled } from './colour.ts';
import type { Context } from './context.ts';
import { ExitCode, Failure, messageOf } from './failure.ts';
import { jsonText } from './json.ts';

/** Writes what went wrong for people: a line, and below it one for each detail. */
export function tellPeople(context: Context, message: string): void {
  context.stderr.write(`${styled(context, context.stderr, 'red', 'keyturn:')} ${message}\n`);
}

/** Tells what was thrown, for people or, after `--json`, as one line of JSON. Returns how the command ends. */
export function report(error: unknown, context: Context, isJson: boolean): ExitCode {
  const exitCode = exitCodeOf(error);
  if (isJson) tellMachines(context, exitCode, error);
  // To people, commander has written what is wrong, or the help that was asked for.
  else if (!(error instanceof CommanderError)) tellPeople(context, textOf(error));
  return exitCode;
}

function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.DONE : ExitCode.USAGE;
  if (error instanceof ConfigError) return ExitCode.USAGE;
  return error instanceof Failure ? error.exitCode : ExitCode.FAILED;
}

function tellMachines({ stderr }: Context, exitCode: ExitCode, error: unknown): void {
  if (exitCode === ExitCode.DONE) return;
  const [first = '', ...details] = textOf(error).replace(/^error: /, '').split('\n').map((line) => line.trim());
  const reason = error instanceof Failure ? error.reason : undefined;
  const message = reason === undefined ? first : first.replace(` (${reason})`, '');
  stderr.write(`${jsonText({ error: { exit_code: exitCode, reason, message, details } })}\n`);
}

function textOf(error: unknown): string {
  return error instanceof ConfigError ? `bad settings\n${error.message.replaceAll(/^/gm, '  ')}` : messageOf(error);
}
