import { readdirSync, realpathSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { HOLDER_FILE, LOCK_FILE, readPrivateFile } from '../data_folder.ts';

/**
 * The pid of the running service that holds the data folder; undefined if none does. The lock itself is left alone,
 * because taking it, even for a moment, could keep a service from starting. A holder in another container is not seen.
 */
export function holderOf(folder: string): number | undefined {
  const pid = recordedPid(folder);
  return pid !== undefined && isAlive(pid) && hasOpen(pid, join(folder, LOCK_FILE)) ? pid : undefined;
}

/** The pid stays in its file when a service is killed. */
function recordedPid(folder: string): number | undefined {
  try {
    const pid = Number(readPrivateFile(join(folder, HOLDER_FILE)));
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Whether the process, and not another that was given its pid since, has the file open; where that cannot be seen, true. */
function hasOpen(pid: number, path: string): boolean {
  if (process.platform !== 'linux') return true;
  try {
    const real = realpathSync(path);
    const open = `/proc/${pid}/fd`;
    return readdirSync(open).some((descriptor) => linkOf(join(open, descriptor)) === real);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EACCES';
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // Closed meanwhile.
    return undefined;
  }
}
