import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readPrivateFile } from '../../data_folder.ts';
import { CLUSTER, PASSWORD, SUPERUSER, clusterName } from './cluster.ts';
import { DATABASE } from './connection.ts';
import { isPostmasterOf, recordedPid } from './orphan.ts';
import { HOST } from './postmaster.ts';

/** The line of postmaster.pid that holds the port, counted from 0. */
const PORT_LINE = 3;

/**
 * The URL, with the password, of the server that runs on the cluster in `folder`; undefined if none runs. Reads only.
 * The process is recognised first, so that no other program that has its port gets to see a password.
 * Throws an Error if one runs but what it takes to reach it cannot be read.
 */
export async function findRunning(folder: string): Promise<string | undefined> {
  const path = join(folder, CLUSTER);
  const lockFile = join(path, 'postmaster.pid');
  if (!(await exists(lockFile))) return undefined;
  const pid = await recordedPid(lockFile);
  if (pid === undefined || !(await isPostmasterOf({ path, name: await clusterName(folder) }, pid))) return undefined;
  const port = Number((await readFile(lockFile, 'utf8')).split('\n')[PORT_LINE]);
  const password = readPrivateFile(join(folder, PASSWORD));
  if (password === undefined) throw new Error(`${join(folder, PASSWORD)} is missing`);
  return `postgres://${SUPERUSER}:${encodeURIComponent(password)}@${HOST}:${port}/${DATABASE}`;
}

/** Throws if that cannot be seen. */
async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false;
      throw error;
    },
  );
}
