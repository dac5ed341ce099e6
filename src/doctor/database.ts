import type { Inspection } from '../db/inspection.ts';
import { Findings } from './finding.ts';
import type { Finding } from './finding.ts';

const OLDEST = 150_000;
/** Fewer connections than these and another node may find none. */
const LEAST_CONNECTIONS = 20;

/** Judges what a database is like. `where` names it for people. */
export function judgeDatabase(inspection: Inspection, where: string): readonly Finding[] {
  const findings = new Findings('database');
  judgeServer(findings, inspection, where);
  judgeMigrations(findings, inspection);
  judgeRights(findings, inspection);
  judgeDurability(findings, inspection);
  judgeConnections(findings, inspection);
  return findings.list;
}

function judgeServer(findings: Findings, { versionNumber, version, user, encoding, isInRecovery, isReadOnly }: Inspection, where: string): void {
  const says = `PostgreSQL ${version} answers at ${where} as ${user}`;
  if (versionNumber < OLDEST) findings.bad(`${says}, which is too old`, 'upgrade the server to PostgreSQL 15 or newer');
  else findings.good(says);
  if (encoding !== 'UTF8') findings.bad(`its encoding is ${encoding}`, "make a database with create database ... encoding 'UTF8' template template0 and name it in KEYTURN_DATABASE_URL");
  if (isInRecovery) findings.bad('it is in recovery: a standby, or not up yet', 'name the primary server in KEYTURN_DATABASE_URL, or wait until it is up');
  else if (isReadOnly) findings.bad('its transactions only read', 'set default_transaction_read_only to off for this role, database and server');
}

function judgeMigrations(findings: Findings, { pending, unknown }: Inspection): void {
  if (unknown.length > 0) {
    findings.bad(
      `it was made by a newer Keyturn: this version does not know its migration ${unknown.join(', ')}`,
      'run that version, or restore a backup made before it',
    );
  } else if (pending.length > 0) {
    findings.warning(`it lacks the migrations of this version: ${pending.join(', ')}`, 'run keyturn migrate, or start the service, which does so too');
  } else {
    findings.good('it has all migrations of this version');
  }
}

function judgeRights(findings: Findings, { user, missingRights }: Inspection): void {
  if (missingRights.length === 0) findings.good(`${user} has all rights that the service needs`);
  else findings.bad(`${user} lacks rights: ${missingRights.join(', ')}`, `as the owner of the database run grant ... to ${user} for each of them`);
}

function judgeDurability(findings: Findings, { fsync, synchronousCommit }: Inspection): void {
  const off = [...(fsync === 'off' ? ['fsync'] : []), ...(synchronousCommit === 'off' ? ['synchronous_commit'] : [])];
  if (off.length === 0) findings.good(`what it commits survives a crash (fsync ${fsync}, synchronous_commit ${synchronousCommit})`);
  else findings.bad(`${off.join(' and ')} off: a rotation that was acknowledged can be lost, and with it the device`, `set ${off.join(' and ')} to on in the server's settings`);
}

function judgeConnections(findings: Findings, { connectionsUsed, connectionsMost }: Inspection): void {
  const left = connectionsMost - connectionsUsed;
  const says = `${connectionsUsed} of ${connectionsMost} connections are in use`;
  findings.add(left < LEAST_CONNECTIONS ? 'warning' : 'good', says, 'raise max_connections on the server, or run fewer clients: each node of Keyturn takes up to 16');
}
