import { spawn } from 'node:child_process';
import { platform } from 'node:os';
import { stripVTControlCharacters } from 'node:util';
import { missingCommands } from '../support/machine.ts';
import { ended } from './keyturn.ts';

/** What this machine lacks to run something on a terminal. */
export const NO_TERMINAL = platform() === 'linux' ? missingCommands('script') : ['script of util-linux'];

export interface TerminalOptions {
  /** What is typed. */
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly columns?: number;
  readonly cwd?: string;
}

/** What a shell command prints on a terminal of its own, whose lines end in CR LF, and how it ends. */
export async function onTerminal(command: string, { input = '', environment = {}, columns = 80, cwd = '/' }: TerminalOptions = {}): Promise<{ code: number | null; output: string }> {
  const env = { PATH: process.env['PATH'], TERM: 'xterm', SHELL: '/bin/sh', ...environment };
  const child = spawn('script', ['-qec', `stty cols ${columns} rows 200; ${command}`, '/dev/null'], { env, cwd });
  child.stdin.end(input);
  const { code, stdout } = await ended(child);
  return { code, output: stdout };
}

/** The lines of an output without escape sequences. */
export function plainLines(output: string): string[] {
  return stripVTControlCharacters(output).replaceAll('\r', '').split('\n');
}
