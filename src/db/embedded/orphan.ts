import { constants } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import { run } from './run.ts';

export interface OrphanOptions {
  readonly cluster: Cluster;
  /** How long each signal has before the next, harder one. */
  readonly graceMs: number;
  readonly log: (line: string, fields?: object) => void;
}

const POLL_MS = 20;

/**
 * Stops the server that an earlier process left running on this cluster: fast shutdown, then immediate shutdown, then
 * kill, each only after the process has been recognised again. A process that merely has the pid which the cluster's
 * lock file names is left alone, and the lock file is made to say that it is stale.
 * Throws an Error if the server cannot be stopped.
 */
export async function stopOrphan(options: OrphanOptions): Promise<void> {
  const { cluster, graceMs, log } = options;
  const lockFile = join(cluster.path, 'postmaster.pid');
  const pid = await recordedPid(lockFile);
  if (pid === undefined || !isAlive(pid)) return;
  if (!(await isPostmasterOf(cluster, pid))) return markStale(lockFile, pid);

  log('stopping the PostgreSQL server that an earlier process left running', { pid });
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!(await isPostmasterOf(cluster, pid))) return;
    process.kill(pid, signal);
    if (await leaves(cluster, pid, graceMs)) return;
  }
  throw new Error(`the PostgreSQL server with pid ${pid} still runs on ${cluster.path} and cannot be stopped`);
}

/** Whether the process is the main process of a PostgreSQL server on this very cluster. */
export async function isPostmasterOf(cluster: Pick<Cluster, 'path' | 'name'>, pid: number): Promise<boolean> {
  const command = await commandOf(pid);
  if (command === undefined || !/^\S*\/postgres(\s|$)/.test(command)) return false;
  if (process.platform !== 'linux') return namesCluster(command, cluster);
  try {
    const [cwd, path] = await Promise.all([stat(`/proc/${pid}/cwd`), stat(cluster.path)]);
    return cwd.dev === path.dev && cwd.ino === path.ino;
  } catch (error) {
    // Without CAP_SYS_PTRACE, as in most containers, root may not see where a process of another user works.
    return error instanceof Error && 'code' in error && error.code === 'EACCES' && namesCluster(command, cluster);
  }
}

function namesCluster(command: string, cluster: Pick<Cluster, 'name'>): boolean {
  return command.split(/\s+/).includes(`cluster_name=${cluster.name}`);
}

async function commandOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const args = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return args === '' ? undefined : args.replaceAll('\0', ' ');
  }
  const listed = await run('/bin/ps', ['-ww', '-o', 'command=', '-p', String(pid)], { cwd: '/', user: undefined });
  return listed.ok ? listed.output.trim() : undefined;
}

/** The pid that a cluster's lock file names; whose it is now is another matter. */
export async function recordedPid(lockFile: string): Promise<number | undefined> {
  const text = await readFile(lockFile, 'utf8').catch(() => '');
  const pid = Number(/^[1-9]\d*(?=\n)/.exec(text)?.[0]);
  return Number.isSafeInteger(pid) ? pid : undefined;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function leaves(cluster: Cluster, pid: number, withinMs: number): Promise<boolean> {
  for (const until = Date.now() + withinMs; Date.now() < until; await sleep(POLL_MS)) {
    if (!(await isPostmasterOf(cluster, pid))) return true;
  }
  return false;
}

/**
 * PostgreSQL will not start while any process has the pid in its lock file, except its own parent: so that pid becomes
 * ours. The file stays, because it also names the shared memory by which PostgreSQL notices servers we did not.
 */
async function markStale(lockFile: string, pid: number): Promise<void> {
  const file = await open(lockFile, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    const text = await file.readFile('utf8');
    if (!text.startsWith(`${pid}\n`)) return;
    await file.truncate(0);
    await file.write(text.replace(/^\d+/, String(process.pid)), 0);
  } finally {
    await file.close();
  }
}
