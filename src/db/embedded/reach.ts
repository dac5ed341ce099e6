import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The account a server process runs as; undefined where it is this process's own. */
export type ServerUser = { readonly uid: number; readonly gid: number } | undefined;

/** The unprivileged account that stands in for root, because PostgreSQL refuses to run as root. */
const UNPRIVILEGED = { uid: 65534, gid: 65534 } as const;

/** Whom PostgreSQL runs as. Throws an Error for root on a platform other than Linux. */
export function serverUser(): ServerUser {
  if (process.geteuid?.() !== 0) return undefined;
  if (process.platform === 'linux') return UNPRIVILEGED;
  throw new Error('PostgreSQL does not run as root: start Keyturn as another user, or set KEYTURN_DATABASE_URL');
}

/** The topmost folder above `path` (absolute) that the account may not search; undefined if it may search all. */
export async function firstUnsearchable(path: string, user: ServerUser): Promise<string | undefined> {
  const account = user ?? { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  for (const folder of foldersAbove(path)) {
    const stats = await stat(folder).catch(() => undefined);
    if (stats === undefined || !maySearch(stats, account)) return folder;
  }
  return undefined;
}

function foldersAbove(path: string): string[] {
  const folders: string[] = [];
  for (let folder = dirname(path); folders[0] !== folder; folder = dirname(folder)) folders.unshift(folder);
  return folders;
}

function maySearch(stats: Stats, account: { uid: number; gid: number }): boolean {
  if (stats.uid === account.uid) return (stats.mode & 0o100) !== 0;
  if (stats.gid === account.gid) return (stats.mode & 0o010) !== 0;
  return (stats.mode & 0o001) !== 0;
}
