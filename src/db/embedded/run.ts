import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { ServerUser } from './reach.ts';

/** All that the server and its tools see of the environment: fixed, so that no PG* variable reaches them. */
export const SERVER_ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC' } as const;

export interface RunOptions {
  readonly cwd: string;
  readonly user: ServerUser;
  /** An open file that the command sees as descriptor 3. */
  readonly descriptor3?: number;
}

export interface RunResult {
  /** Exit code 0. */
  readonly ok: boolean;
  /** Standard output. */
  readonly output: string;
  /** Why it could not be started, or what it wrote to standard error; never empty if not `ok`. */
  readonly complaint: string;
}

/** Runs a command to its end, with no input and the fixed environment. Never rejects. */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  try {
    return await runToEnd(command, args, options);
  } catch (error) {
    return { ok: false, output: '', complaint: String(error) };
  }
}

async function runToEnd(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const child = spawn(command, args, {
    ...options.user,
    cwd: options.cwd,
    env: SERVER_ENVIRONMENT,
    stdio: ['ignore', 'pipe', 'pipe', options.descriptor3 ?? 'ignore'],
  });
  const ended = new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(code === 0 ? undefined : `ended with ${signal ?? `code ${code}`}`));
  });
  const [failure, output, errors] = await Promise.all([ended, textOf(child.stdout), textOf(child.stderr)]);
  return { ok: failure === undefined, output, complaint: failure === undefined ? errors : errors.trim() || failure };
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  return stream === null ? '' : text(stream).catch(() => '');
}
