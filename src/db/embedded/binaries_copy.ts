import { constants } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, mkdtemp, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface CopyOptions {
  /** The folder to copy. */
  readonly from: string;
  /** The folder that will hold the copy, under the name that `from` has. */
  readonly to: string;
  /** Finishes a copy before others see it. */
  complete(unfinished: string): Promise<void>;
}

/**
 * Copies a folder so that every user can read it, unless that has been done. Any number of processes may
 * do this at once. Throws an Error if `to`, or the folder above it, could be changed by another user: what lies there
 * is then never run.
 */
export async function trustedCopy(options: CopyOptions): Promise<void> {
  const { from, to } = options;
  await refuseUnsafeParent(dirname(to));
  if (await isPresent(to)) {
    await refuseForeign(to);
    if (await isComplete(from, join(to, basename(from)))) return;
  }
  const unfinished = await mkdtemp(`${to}.`);
  try {
    await copyTree(from, join(unfinished, basename(from)));
    await options.complete(unfinished);
    await chmod(unfinished, 0o755);
    await publish(unfinished, to, async () => isComplete(from, join(to, basename(from))));
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  await refuseForeign(to);
}

/** Moves `unfinished` to `to`. A copy that cleaners of temporary files damaged makes way, a whole one stays. */
async function publish(unfinished: string, to: string, isWhole: () => Promise<boolean>): Promise<void> {
  if (await renamed(unfinished, to)) return;
  await refuseForeign(to);
  if (await isWhole()) return;
  const damaged = await mkdtemp(`${to}.`);
  await rename(to, damaged);
  await rm(damaged, { recursive: true, force: true });
  if (!(await renamed(unfinished, to)) && !(await isWhole())) throw new Error(`${to} cannot be replaced: remove it`);
}

async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST')) return false;
    throw error;
  }
}

async function copyTree(from: string, to: string): Promise<void> {
  const stats = await lstat(from);
  if (stats.isSymbolicLink()) {
    await symlink(await readlink(from), to);
  } else if (stats.isDirectory()) {
    await mkdir(to);
    await chmod(to, 0o755);
    const names = await readdir(from);
    await Promise.all(names.map((name) => copyTree(join(from, name), join(to, name))));
  } else {
    await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    await chmod(to, (stats.mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}

/** Whether `copy` has all that `original` has, by names and sizes. */
async function isComplete(original: string, copy: string): Promise<boolean> {
  const [wanted, found] = await Promise.all([lstat(original), lstat(copy).catch(() => undefined)]);
  if (found === undefined) return false;
  if (!wanted.isDirectory()) return wanted.size === found.size;
  const names = await readdir(original);
  const complete = await Promise.all(names.map((name) => isComplete(join(original, name), join(copy, name))));
  return !complete.includes(false);
}

async function isPresent(path: string): Promise<boolean> {
  return lstat(path).then(() => true, () => false);
}

/** In a folder that others may write, only the sticky bit keeps them from putting their own in our copy's place. */
async function refuseUnsafeParent(folder: string): Promise<void> {
  const { uid, mode } = await lstat(folder);
  const trusted = uid === 0 || uid === process.geteuid?.();
  if (trusted && ((mode & 0o022) === 0 || (mode & 0o1000) !== 0)) return;
  throw new Error(`${folder} is not safe for programs, other users may replace its files: run chmod +t ${folder}`);
}

async function refuseForeign(folder: string): Promise<void> {
  const { uid, mode } = await lstat(folder);
  const directory = (mode & constants.S_IFMT) === constants.S_IFDIR;
  if (directory && uid === process.geteuid?.() && (mode & 0o022) === 0) return;
  throw new Error(`${folder} is not a folder that only this user can write (its owner has uid ${uid}): remove it`);
}
