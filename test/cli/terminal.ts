import { spawn, spawnSync } from 'node:child_process';
import { platform } from 'node:os';
import { stripVTControlCharacters } from 'node:util';
import { describe } from 'mocha';
import { ended } from './keyturn.ts';

/** Why nothing can be run on a terminal here; undefined if it can. */
export const NO_TERMINAL = platform() !== 'linux' || !isInstalled('script') ? 'script of util-linux' : undefined;

export function isInstalled(command: string, version = '--version'): boolean {
  return spawnSync(command, [version]).status === 0;
}

/** A suite that is skipped, with the reason in its title, if there is one. */
export function describeUnless(reason: string | undefined, title: string, body: () => void): void {
  if (reason === undefined) describe(title, body);
  else describe.skip(`${title} (skipped: this machine has no ${reason})`, body);
}

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
