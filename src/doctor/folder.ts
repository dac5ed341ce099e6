import { accessSync, constants, existsSync, readdirSync, statSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../config/index.ts';
import { Findings, codeOf } from './finding.ts';
import type { Finding } from './finding.ts';
import { checkFiles } from './folder_files.ts';

const GIBIBYTE = 2n ** 30n;
/** Below this the database may soon be unable to write, bytes. */
const LEAST_FREE = GIBIBYTE;
const OTHER_FOLDER = 'set KEYTURN_DATA_DIR to another folder';

/** The data folder: who owns it, who may read it, whether it can be written, its room. `holder`: the pid of the service that uses it. */
export function checkFolder({ dataDir, databaseUrl }: Config, holder: number | undefined): readonly Finding[] {
  const findings = new Findings('folder');
  if (databaseUrl !== undefined) {
    return findings.good('no data folder is needed: KEYTURN_DATABASE_URL names a server and KEYTURN_OPERATOR_TOKEN the token').list;
  }
  if (existsSync(dataDir)) checkExisting(findings, dataDir, holder);
  else checkPlace(findings, dataDir);
  return findings.list;
}

/** Of a folder that the first start will make. */
function checkPlace(findings: Findings, folder: string): void {
  let above = dirname(folder);
  while (!existsSync(above)) above = dirname(above);
  const refusal = statSync(above).isDirectory() ? accessRefusal(above) : 'it is not a folder';
  if (refusal === undefined) findings.good(`${folder} does not exist yet; the first start makes it`);
  else findings.bad(`${folder} does not exist and cannot be made in ${above}: ${refusal}`, `make ${above} writable for this user, or ${OTHER_FOLDER}`);
  checkRoom(findings, above);
}

function checkExisting(findings: Findings, folder: string, holder: number | undefined): void {
  const stats = statSync(folder);
  if (!stats.isDirectory()) {
    findings.bad(`${folder} is not a folder`, `remove that file, or ${OTHER_FOLDER}`);
    return;
  }
  const user = process.geteuid?.();
  if (user !== undefined && stats.uid !== user) {
    findings.bad(
      `${folder} belongs to the user with uid ${stats.uid}, not to this one (uid ${user})`,
      `run doctor and the service as that user, run chown -R ${user} on it, or ${OTHER_FOLDER}`,
    );
  } else if ((stats.mode & 0o077) !== 0) {
    findings.bad(`${folder} is open to other users (mode ${modeText(stats.mode)})`, `run chmod 700 ${folder}`);
  } else {
    findings.good(`${folder} is this user's alone (mode ${modeText(stats.mode)})`);
  }
  const refusal = accessRefusal(folder);
  if (refusal !== undefined) {
    findings.bad(`${folder} cannot be read and written by this user: ${refusal}`, `run chmod 700 ${folder}, mount its file system for writing, or ${OTHER_FOLDER}`);
  } else {
    checkFiles(findings, folder);
    findings.good(useOf(folder, holder));
  }
  checkRoom(findings, folder);
}

function useOf(folder: string, holder: number | undefined): string {
  if (holder !== undefined) return `it is in use by a running service (pid ${holder})`;
  return readdirSync(folder).length === 0 ? 'it is empty and not in use; the first start fills it' : 'it is not in use by a running service of this machine';
}

/** Why this process may not search, read and write the folder; undefined if it may. */
function accessRefusal(folder: string): string | undefined {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return codeOf(error) === 'EROFS' ? 'its file system is mounted for reading only' : `the system refuses it (${codeOf(error)})`;
  }
}

function checkRoom(findings: Findings, folder: string): void {
  const { bavail, bsize } = statfsSync(folder, { bigint: true });
  judgeRoom(findings, folder, bavail * bsize);
}

/** Judges the free room of the file system with `folder`, bytes. */
export function judgeRoom(findings: Findings, folder: string, free: bigint): void {
  const says = `${(Number(free) / Number(GIBIBYTE)).toFixed(1)} GiB are free in the file system of ${folder}`;
  findings.add(free < LEAST_FREE ? 'warning' : 'good', says, 'make room: a database that cannot write stops every rotation');
}

function modeText(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}
