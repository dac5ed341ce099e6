import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import { dataDirectoryArgument } from './cluster.ts';
import type { ServerUser } from './reach.ts';
import { SERVER_ENVIRONMENT } from './run.ts';

export const HOST = '127.0.0.1';

/** A running, or already ended, server process. */
export interface Postmaster {
  readonly pid: number;
  /** How it ended; set once it has. */
  readonly ending: string | undefined;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  /** The last lines that it wrote. */
  readonly lastLines: readonly string[];
  signal(signal: NodeJS.Signals): void;
}

export interface PostmasterOptions {
  readonly program: string;
  readonly cluster: Cluster;
  readonly port: number;
  readonly user: ServerUser;
  readonly settings: Readonly<Record<string, string>>;
  readonly log: (line: string, fields?: object) => void;
}

const KEPT_LINES = 20;
const LAST_LINES_MS = 200;

/** Messages of ERROR and below, and details, can quote statements and values: they go to the client only. */
const LOG_SETTINGS = {
  log_line_prefix: '',
  log_statement: 'none',
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
} as const;

/** Starts the server; resolves as soon as the process exists, rejects with an Error if there can be none. */
export async function spawnPostmaster(options: PostmasterOptions): Promise<Postmaster> {
  const { cluster, log } = options;
  const child = spawn(options.program, argumentsOf(options), {
    ...options.user,
    cwd: cluster.path,
    env: SERVER_ENVIRONMENT,
    stdio: ['ignore', 'ignore', 'pipe'],
    // A process group of its own: what a terminal sends to ours must not stop the server before we have drained.
    detached: true,
  });
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`));
  });
  await once(child, 'spawn');
  const { pid } = child;
  if (pid === undefined) throw new Error('PostgreSQL has no process');
  // A signal that the system refuses is reported by the process that does not end.
  child.on('error', (error) => log('PostgreSQL cannot be signalled', { error: error.message }));
  const killWithUs = (): void => void child.kill('SIGQUIT');
  process.on('exit', killWithUs);

  const lastLines: string[] = [];
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => {
    lastLines.push(line);
    if (lastLines.length > KEPT_LINES) lastLines.shift();
    log(line, { source: 'postgres' });
  });
  const allRead = once(lines, 'close');

  const state: { ending: string | undefined } = { ending: undefined };
  const ended = (async () => {
    const ending = await exited;
    process.off('exit', killWithUs);
    // Children of a killed server hold its standard error open for a while.
    await before(LAST_LINES_MS, allRead);
    state.ending = ending;
  })();
  return {
    pid,
    get ending() {
      return state.ending;
    },
    ended,
    lastLines,
    signal: (signal) => void child.kill(signal),
  };
}

/** Fast shutdown; after the grace immediate shutdown, then kill. Resolves when the process has ended. */
export async function stopPostmaster(postmaster: Postmaster, graceMs: number): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    postmaster.signal(signal);
    await before(graceMs, postmaster.ended);
    if (postmaster.ending !== undefined) return;
  }
  await postmaster.ended;
}

/** Resolves when the promise has settled, or when the time is over. */
export async function before(ms: number, settled: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  await Promise.race([settled, sleep(ms, undefined, { signal: timer.signal })]);
  timer.abort();
}

function argumentsOf(options: PostmasterOptions): string[] {
  const settings = {
    listen_addresses: HOST,
    unix_socket_directories: '',
    cluster_name: options.cluster.name,
    max_connections: '100',
    shared_buffers: '64MB',
    password_encryption: 'scram-sha-256',
    ...LOG_SETTINGS,
    ...options.settings,
  };
  const assignments = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', dataDirectoryArgument(options.cluster.path), '-p', String(options.port), ...assignments];
}
