import { randomBytes, createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { chown, lchown, mkdtemp, open, readFile, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateFolder, readPrivateFile, syncFolder, writePrivateFile } from '../../data_folder.ts';
import type { Binaries } from './binaries.ts';
import type { ServerUser } from './reach.ts';
import { run } from './run.ts';

export const SUPERUSER = 'keyturn';

/** A complete PostgreSQL cluster. */
export interface Cluster {
  /** The data directory, mode 0700, owned by the account of the server. */
  readonly path: string;
  /** Of the role `keyturn`. */
  readonly password: string;
  /** Tells this cluster's processes from others: the tail of the folder's path, then a hash of all of it. */
  readonly name: string;
}

export const CLUSTER = 'cluster';
export const PASSWORD = 'password';
const UNFINISHED = 'initialising-';
/** By descriptor, because the server's account may not be able to search the folder of the file. */
const DESCRIPTOR_3 = process.platform === 'linux' ? '/proc/self/fd/3' : '/dev/fd/3';
const OTHER_FOLDER = 'set KEYTURN_DATA_DIR to another folder or KEYTURN_DATABASE_URL';

/** What `-D` says: on Linux the working directory, so that nothing above it need be searchable by the server. */
export function dataDirectoryArgument(cluster: string): string {
  return process.platform === 'linux' ? '/proc/self/cwd' : cluster;
}

/**
 * Opens the cluster in `folder`, or makes one there. The folder (mode 0700, of this process's user) holds `cluster`,
 * `password` (mode 0600), and while a cluster is being made also `initialising-*`; what an interrupted attempt left of
 * the latter is removed. The caller must be the only user of the folder.
 * Throws an Error if the folder cannot be used, if its cluster is of another major version or without its password, or
 * if initdb fails. Never removes or changes a complete cluster, except that root gives it to the server's account.
 */
export async function openCluster(folder: string, binaries: Binaries, user: ServerUser): Promise<Cluster> {
  makePrivateFolder(folder);
  await removeUnfinished(folder);
  const path = join(folder, CLUSTER);
  const present = await statIfPresent(path);
  if (present === undefined) await makeCluster(folder, binaries, user);
  else await checkVersion(path, binaries);
  const password = readPrivateFile(join(folder, PASSWORD));
  if (password === undefined) {
    throw new Error(`${join(folder, PASSWORD)} is missing, and with it the password of ${path}: restore it, or ${OTHER_FOLDER}`);
  }
  if (user !== undefined && present !== undefined) await handOver(path, present, user);
  return { path, password, name: await clusterName(folder) };
}

async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    // An initdb that outlived its starter may still write there, hence the retries.
    if (name.startsWith(UNFINISHED)) await rm(join(folder, name), { recursive: true, force: true, maxRetries: 10 });
  }
}

async function checkVersion(path: string, binaries: Binaries): Promise<void> {
  const version = await readFile(join(path, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version === undefined) {
    throw new Error(`${path} is in the place of a PostgreSQL cluster but is none (no PG_VERSION): move it away, or ${OTHER_FOLDER}`);
  }
  if (version.trim() !== binaries.majorVersion) {
    throw new Error(
      `${path} was made by PostgreSQL ${version.trim()}, this Keyturn brings PostgreSQL ${binaries.majorVersion}: ` +
        `dump it with the Keyturn that made it and restore the dump, or ${OTHER_FOLDER}`,
    );
  }
}

/** A cluster gets its final name last of all, so whatever has that name is complete. */
async function makeCluster(folder: string, binaries: Binaries, user: ServerUser): Promise<void> {
  const unfinished = await mkdtemp(join(folder, UNFINISHED));
  const password = randomBytes(32).toString('base64url');
  writePrivateFile(join(folder, PASSWORD), password);
  try {
    if (user !== undefined) await give(unfinished, user);
    await initialise(unfinished, password, binaries, user);
    await rename(unfinished, join(folder, CLUSTER));
    syncFolder(folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

async function initialise(path: string, password: string, binaries: Binaries, user: ServerUser): Promise<void> {
  const passwordFile = `${path}.pwfile`;
  writePrivateFile(passwordFile, password);
  if (user !== undefined) await give(passwordFile, user);
  const opened = await open(passwordFile);
  try {
    const result = await run(
      binaries.initdb,
      [
        `--pgdata=${dataDirectoryArgument(path)}`, `--username=${SUPERUSER}`, `--pwfile=${DESCRIPTOR_3}`, '--auth=scram-sha-256',
        '--encoding=UTF8', '--no-locale', '--data-checksums', '--no-instructions',
      ],
      { cwd: path, user, descriptor3: opened.fd },
    );
    if (!result.ok) throw new Error(`no PostgreSQL cluster could be made in ${path}: ${result.complaint}`);
  } finally {
    await opened.close();
    await rm(passwordFile, { force: true });
  }
}

/** Gives a cluster of another owner (restored by root, say) to the server's account, the top folder last. */
async function handOver(path: string, stats: Stats, user: { uid: number; gid: number }): Promise<void> {
  if (stats.uid === user.uid) return;
  for (const entry of await readdir(path, { recursive: true })) await lchown(join(path, entry), user.uid, user.gid);
  await give(path, user);
}

async function give(path: string, user: { uid: number; gid: number }): Promise<void> {
  try {
    await chown(path, user.uid, user.gid);
  } catch (error) {
    throw new Error(`${path} cannot be given to uid ${user.uid}, as which PostgreSQL runs: ${OTHER_FOLDER}`, { cause: error });
  }
}

/** The name of the cluster in `folder`, which must exist. */
export async function clusterName(folder: string): Promise<string> {
  const path = await realpath(folder);
  const tail = path.replaceAll(/[^A-Za-z0-9]+/g, '-').slice(-40);
  return `keyturn${tail.startsWith('-') ? '' : '-'}${tail}-${createHash('sha256').update(path).digest('hex').slice(0, 8)}`;
}

async function statIfPresent(path: string): Promise<Stats | undefined> {
  return stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
