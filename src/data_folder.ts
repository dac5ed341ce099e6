import {
  accessSync, chmodSync, closeSync, constants, fstatSync, fsyncSync, lstatSync, mkdirSync, openSync, readFileSync, readdirSync,
  renameSync, rmSync, statSync, writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

/** A folder that this process alone uses until it disposes of it or ends. */
export interface DataFolder extends Disposable {
  /** Absolute. */
  readonly path: string;
  /**
   * The text of the file `name` in this folder, without surrounding white space. A file that does not exist is made
   * from `make()` with mode 0600 and survives a power cut once this returns.
   * Throws an Error if the file is empty, not a regular file or readable by others, if `make()` gives nothing but
   * white space, or if `name` is not a plain file name.
   */
  readOrCreate(name: string, make: () => string): string;
}

export const LOCK_FILE = 'lock';
export const HOLDER_FILE = 'lock.pid';
const LOCK_WAIT_MS = 250;
const SQLITE_BUSY = 5;

/** A folder that cannot be used; the caller knows what to do about it. */
export class FolderError extends Error {
  override readonly name = 'FolderError';
  /** Whether another process holds the folder. */
  readonly isInUse: boolean;

  constructor(message: string, { isInUse = false, ...options }: ErrorOptions & { isInUse?: boolean } = {}) {
    super(message, options);
    this.isInUse = isInUse;
  }
}

/** Locks live as long as their connection: kept here, so that no garbage collection closes one. */
const heldLocks = new Set<DatabaseSync>();

/**
 * Creates the folder with mode 0700 if it is missing, takes away the rights of group and others, and locks it. The
 * kernel frees the lock when the process ends in whatever way; it also holds between containers that share a volume.
 * Throws a FolderError that names the folder if it is not a folder, belongs to another user, cannot be written, or if
 * another process holds it; it then names the pid of the holder.
 */
export function openDataFolder(path: string): DataFolder {
  const folder = resolve(path);
  makePrivateFolder(folder, isDataFolder);
  const lock = takeLock(folder);
  writePrivateFile(join(folder, HOLDER_FILE), String(process.pid));
  return {
    path: folder,
    readOrCreate: (name, make) => readOrCreate(folder, name, make),
    [Symbol.dispose]: () => {
      if (!heldLocks.delete(lock)) return;
      rmSync(join(folder, HOLDER_FILE), { force: true });
      lock.close();
    },
  };
}

/**
 * The text of a file that only its owner may read, without surrounding white space; undefined if there is none.
 * Throws an Error if it is empty, not a regular file, or if group or others have any right to it.
 */
export function readPrivateFile(path: string): string | undefined {
  const file = openIfPresent(path);
  if (file === undefined) return undefined;
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new Error(`${path} is not a regular file`);
    if ((stats.mode & 0o077) !== 0) throw new Error(`${path} is open to other users: run chmod 600 ${path}`);
    const text = readFileSync(file, 'utf8').trim();
    if (text === '') throw new Error(`${path} is empty: restore its content`);
    return text;
  } finally {
    closeSync(file);
  }
}

/** Writes the line `text` to `path` with mode 0600, wholly or not at all, and returns when it is on the disk. */
export function writePrivateFile(path: string, text: string): void {
  const unfinished = `${path}.new`;
  rmSync(unfinished, { force: true });
  const file = openSync(unfinished, 'wx', 0o600);
  try {
    writeFileSync(file, `${text}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(unfinished, path);
  syncFolder(dirname(path));
}

/** Returns when the names in the folder (files created, renamed, removed) are on the disk. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function readOrCreate(folder: string, name: string, make: () => string): string {
  if (name === '' || name === '.' || name === '..' || basename(name) !== name) {
    throw new Error(`not a plain file name: ${name}`);
  }
  const path = join(folder, name);
  const present = readPrivateFile(path);
  if (present !== undefined) return present;
  const made = make().trim();
  if (made === '') throw new Error(`nothing to write to ${path}`);
  writePrivateFile(path, made);
  return made;
}

function openIfPresent(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Creates the folder with mode 0700, or tightens the one that is there if it is empty or `isOurs` says so.
 * Throws a FolderError that names the folder if it is not a folder, belongs to another user or cannot be written.
 */
export function makePrivateFolder(folder: string, isOurs: (folder: string) => boolean = () => true): void {
  try {
    const firstMade = mkdirSync(folder, { recursive: true, mode: 0o700 })?.length ?? Infinity;
    // The names of new folders have to be on the disk before anything in them counts.
    for (let made = folder; made.length >= firstMade; made = dirname(made)) syncFolder(dirname(made));
  } catch (error) {
    if (codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOTDIR') {
      throw new FolderError(`${folder} cannot be a folder, a file is in its place`, { cause: error });
    }
    throw new FolderError(`${folder} cannot be created (${codeOf(error)})`, { cause: error });
  }
  const owner = statSync(folder).uid;
  const self = process.geteuid?.();
  if (self !== undefined && owner !== self) {
    throw new FolderError(`${folder} belongs to the user with uid ${owner}, not to this one (uid ${self})`);
  }
  tightenRights(folder, isOurs);
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new FolderError(`${folder} cannot be written (${codeOf(error)})`, { cause: error });
  }
}

function tightenRights(folder: string, isOurs: (folder: string) => boolean): void {
  const rights = (): number => statSync(folder).mode & 0o777;
  if (process.geteuid === undefined || (rights() & 0o077) === 0) return;
  // A folder that was named by mistake, such as /tmp, must not be closed to those who use it.
  if (readdirSync(folder).length > 0 && !isOurs(folder)) {
    throw new FolderError(`${folder} is open to other users and holds files of others: if it is meant, run chmod 700 ${folder}`);
  }
  try {
    chmodSync(folder, rights() & 0o700);
  } catch (error) {
    throw new FolderError(`${folder} is open to other users and stays so (${codeOf(error)})`, { cause: error });
  }
  if ((rights() & 0o077) !== 0) {
    throw new FolderError(`${folder} is open to other users, its file system keeps no rights`);
  }
}

/** Whether an earlier opening has left its lock file there. Folders of others, such as /var, may have a name like it. */
function isDataFolder(folder: string): boolean {
  const lock = lstatSync(join(folder, LOCK_FILE), { throwIfNoEntry: false });
  return lock?.isFile() === true && (lock.mode & 0o777) === 0o600 && lock.uid === process.geteuid?.();
}

function takeLock(folder: string): DatabaseSync {
  const path = join(folder, LOCK_FILE);
  createOnce(path);
  const lock = openLockFile(path);
  try {
    // The journal in memory: nothing is ever written, so no journal file shall lie about either.
    lock.exec('PRAGMA journal_mode=MEMORY; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    throw lockRefused(folder, error);
  }
  heldLocks.add(lock);
  return lock;
}

/**
 * Makes the lock file with mode 0600. One that exists is not opened: closing a second descriptor of it would free a
 * lock that this very process holds.
 */
function createOnce(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

function openLockFile(path: string): DatabaseSync {
  try {
    const { DatabaseSync } = loadSqlite();
    return new DatabaseSync(path, { timeout: LOCK_WAIT_MS });
  } catch (error) {
    throw new FolderError(`${path} cannot be opened: ${messageOf(error)}`, { cause: error });
  }
}

function lockRefused(folder: string, error: unknown): Error {
  if (!(error instanceof Error) || !('errcode' in error) || error.errcode !== SQLITE_BUSY) {
    return new FolderError(`${folder} cannot be locked (${messageOf(error)})`, { cause: error });
  }
  return new FolderError(`another Keyturn (pid ${holderOf(folder)}) is using ${folder}`, { isInUse: true });
}

function holderOf(folder: string): string {
  try {
    return readPrivateFile(join(folder, HOLDER_FILE)) ?? 'unknown';
  } catch {
    return 'unknown';
  }
}

/** Loads SQLite without the line about an experimental feature that older releases of Node print. */
function loadSqlite(): typeof import('node:sqlite') {
  const warn = process.emitWarning.bind(process);
  process.emitWarning = (warning: string | Error, ...rest: unknown[]): void => {
    if (!String(warning).startsWith('SQLite is an experimental feature')) Reflect.apply(warn, undefined, [warning, ...rest]);
  };
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = warn;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
