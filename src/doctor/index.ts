import type { Clock } from '../clock.ts';
import { inspectConfig } from '../config/index.ts';
import type { Config, Environment } from '../config/index.ts';
import { inspect, readTime } from '../db/inspection.ts';
import { checkClock } from './clock_skew.ts';
import { connect } from './connection.ts';
import type { Connection } from './connection.ts';
import { judgeDatabase } from './database.ts';
import { Findings, codeOf, reasonOf } from './finding.ts';
import type { Finding } from './finding.ts';
import { checkFolder } from './folder.ts';
import { holderOf } from './folder_holder.ts';
import { checkKeyRing } from './key_ring.ts';
import { checkListeners } from './listeners.ts';
import { checkSettings } from './settings.ts';
import { checkTls } from './tls.ts';

export type { Finding, State } from './finding.ts';

/** A part of the examination: what it is called, and the variables without which it cannot be made. */
interface Check {
  readonly name: string;
  readonly needs?: readonly string[];
  readonly look: () => readonly Finding[] | Promise<readonly Finding[]>;
}

/**
 * Looks at everything that a service with this environment stands on, and changes nothing. Never rejects: a check that
 * cannot be made is a finding, and the others are made all the same.
 */
export async function examine(environment: Environment, clock: Clock): Promise<readonly Finding[]> {
  const { config, faults } = inspectConfig(environment);
  const faulty = new Set(faults.map(({ variable }) => variable));
  const holder = config.databaseUrl === undefined ? holderOf(config.dataDir) : undefined;
  await using opened = new AsyncDisposableStack();
  let connected: Promise<Connection> | undefined;
  const connection = (): Promise<Connection> => (connected ??= open(config, holder, opened));
  const checks: readonly Check[] = [
    { name: 'settings', look: () => checkSettings(environment, config, faults) },
    { name: 'folder', needs: ['KEYTURN_DATA_DIR', 'KEYTURN_DATABASE_URL'], look: () => checkFolder(config, holder) },
    { name: 'database', needs: ['KEYTURN_DATA_DIR', 'KEYTURN_DATABASE_URL'], look: async () => checkDatabaseAndClock(await connection(), clock) },
    { name: 'tls', needs: ['KEYTURN_TLS_CERT', 'KEYTURN_TLS_KEY', 'KEYTURN_TLS_CLIENT_CA'], look: () => checkTls(config, clock) },
    { name: 'listeners', look: () => checkListeners(config, faulty, holder) },
    { name: 'keyring', needs: ['KEYTURN_MASTER_KEYS', 'KEYTURN_DATA_DIR', 'KEYTURN_DATABASE_URL'], look: async () => checkKeyRing(config, (await connection()).database) },
  ];
  const findings: Finding[] = [];
  for (const check of checks) findings.push(...(await make(check, faulty)));
  return findings;
}

async function make({ name, needs = [], look }: Check, faulty: ReadonlySet<string> = new Set()): Promise<readonly Finding[]> {
  const missing = needs.filter((variable) => faulty.has(variable));
  if (missing.length > 0) {
    return new Findings(name).warning(`not looked at: ${missing.join(', ')} is at fault`, 'correct it and run keyturn doctor again').list;
  }
  try {
    return await look();
  } catch (error) {
    return new Findings(name).bad(`this cannot be looked at: ${reasonOf(error)}`, 'remove what stands in the way and run keyturn doctor again').list;
  }
}

/** One connection does for all checks. */
async function open(config: Config, holder: number | undefined, opened: AsyncDisposableStack): Promise<Connection> {
  const connection = await connect(config, holder);
  if (connection.database !== undefined) opened.use(connection.database);
  return connection;
}

/** The clock is compared over the same connection. */
async function checkDatabaseAndClock(connection: Connection, clock: Clock): Promise<readonly Finding[]> {
  if (connection.database === undefined) {
    const [{ state } = { state: 'bad' as const }] = connection.findings;
    const says = 'not compared: there is no database to compare with';
    const clockFindings = new Findings('clock');
    return [...connection.findings, ...clockFindings.add(state === 'good' ? 'good' : 'warning', says, 'see what is said of the database').list];
  }
  const { database } = connection;
  return [
    ...(await inspect(database).then((found) => judgeDatabase(found, connection.where), notInspected)),
    ...(await make({ name: 'clock', look: () => checkClock(clock, () => readTime(database)) })),
  ];
}

function notInspected(error: unknown): readonly Finding[] {
  const findings = new Findings('database');
  const says = `it answers, but cannot be looked at: ${reasonOf(error)}`;
  const todo = codeOf(error) === '42501' ? 'as the owner of the database grant the role of KEYTURN_DATABASE_URL its rights' : 'see the log of the server, then run keyturn doctor again';
  return findings.bad(says, todo).list;
}
