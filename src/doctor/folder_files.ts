import { lstatSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { operatorTokenFault } from '../config/index.ts';
import { HOLDER_FILE, LOCK_FILE, readPrivateFile } from '../data_folder.ts';
import { reasonOf } from './finding.ts';
import type { Findings } from './finding.ts';

const TOKEN = 'operator.token';
/** What holds or guards a secret, and its mode. Other files in the folder are none of ours. */
const PRIVATE: readonly (readonly [name: string, mode: 0o600 | 0o700])[] = [
  [TOKEN, 0o600], ['master.keys', 0o600], [LOCK_FILE, 0o600], [HOLDER_FILE, 0o600],
  ['postgres', 0o700], ['postgres/password', 0o600],
];

/** The files of a data folder: that nobody else may read them, and that they are this user's. */
export function checkFiles(findings: Findings, folder: string): void {
  const present = PRIVATE.map(([name, mode]) => ({ path: join(folder, name), mode })).filter(({ path }) => statsOf(path) !== undefined);
  const wrong = present.filter(({ path, mode }) => checkFile(findings, path, mode));
  if (present.length > 0 && wrong.length === 0) findings.good(`the ${present.length} files in it that must be private are so`);
  if (!wrong.some(({ path }) => path === join(folder, TOKEN))) checkToken(findings, join(folder, TOKEN));
}

/** Whether the file is not as it should be. */
function checkFile(findings: Findings, path: string, mode: 0o600 | 0o700): boolean {
  const stats = statsOf(path);
  if (stats === undefined) return false;
  const user = process.geteuid?.();
  if (mode === 0o600 ? !stats.isFile() : !stats.isDirectory()) {
    findings.bad(`${path} is not a ${mode === 0o600 ? 'regular file' : 'folder'}`, `move it away and restore ${path} from a backup`);
  } else if (user !== undefined && stats.uid !== user) {
    findings.bad(`${path} belongs to the user with uid ${stats.uid}, not to this one (uid ${user})`, `run chown ${user} ${path}`);
  } else if ((stats.mode & 0o077) !== 0) {
    const shown = (stats.mode & 0o777).toString(8).padStart(4, '0');
    findings.bad(`${path} is open to other users (mode ${shown})`, `run chmod ${mode.toString(8)} ${path}, and replace its secret if they may have read it`);
  } else {
    return false;
  }
  return true;
}

/** The operator's token has to be one that the service takes. */
function checkToken(findings: Findings, path: string): void {
  try {
    const token = readPrivateFile(path);
    const fault = token === undefined ? undefined : operatorTokenFault(token);
    if (fault !== undefined) findings.bad(`${path} ${fault}`, 'remove it to have a new one made at the next start');
  } catch (error) {
    findings.bad(`the operator's token cannot be used: ${reasonOf(error)}`, `restore ${path}, or remove it to have a new one made at the next start`);
  }
}

function statsOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
