import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { run } from '../../src/cli/program.ts';
import type { Environment } from '../../src/config/index.ts';
import { OPERATOR_TOKEN } from '../support/service.ts';
import type { TestService } from '../support/service.ts';

export const LAUNCHER = fileURLToPath(new URL('../../src/keyturn.js', import.meta.url));

export interface RunOptions {
  readonly environment?: Environment;
  readonly stdin?: string;
  /** In place of the Node of the tests and of the launcher in src. */
  readonly node?: string;
  readonly launcher?: string;
  readonly cwd?: string;
}

/** How a command line has ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the launcher as a child with nothing in its environment but what is given. */
export function start(args: readonly string[], options: RunOptions = {}): ChildProcess {
  const { environment = {}, node = process.execPath, launcher = LAUNCHER, cwd = tmpdir() } = options;
  const coverage = process.env['NODE_V8_COVERAGE'];
  return spawn(node, [launcher, ...args], {
    cwd,
    env: { ...environment, ...(coverage === undefined ? {} : { NODE_V8_COVERAGE: coverage }) },
  });
}

/** Waits for the end of a child. */
export async function ended(child: ChildProcess): Promise<Ended> {
  const [[code, signal], stdout, stderr] = await Promise.all([
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
    child.stdout?.destroyed === false ? text(child.stdout) : '',
    child.stderr === null ? '' : text(child.stderr),
  ]);
  return { code, signal, stdout, stderr };
}

/** Runs a command line to its end. */
export async function keyturn(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const child = start(args, options);
  child.stdin?.end(options.stdin ?? '');
  return ended(child);
}

/** Runs a command line in this process, which is quicker where no child has anything to show. */
export async function runHere(args: readonly string[], environment: Environment = {}, input = ''): Promise<Ended> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.end(input);
  const code = await run(args, { environment, stdin, stdout, stderr });
  return { code, signal: null, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

/** The environment of one who operates the given service. */
export function operatorOf(service: TestService): Environment {
  return { KEYTURN_SERVER: service.grpc, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN };
}

/** A Node of this machine that is too old for Keyturn, if there is one. */
export function findOldNode(): string | undefined {
  const folders = ['/usr/local/bin', ...(process.env['PATH'] ?? '').split(delimiter)];
  return folders
    .filter((folder) => !folder.includes('node_modules'))
    .map((folder) => join(folder, 'node'))
    .find((path) => existsSync(path) && isOld(path));
}

function isOld(path: string): boolean {
  const [major = 0, minor = 0] = execFileSync(path, ['--version'], { encoding: 'utf8' }).slice(1).split('.').map(Number);
  return major < 22 || (major === 22 && minor < 18);
}
