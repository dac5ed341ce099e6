import { join } from 'node:path';
import type { Config } from '../config/index.ts';
import { Database } from '../db/database.ts';
import { findRunning } from '../db/embedded/running.ts';
import { Findings, codeOf, reasonOf } from './finding.ts';
import type { Finding } from './finding.ts';

/** The database, or the finding why there is none to look at. */
export type Connection =
  | { readonly database: Database; readonly where: string; readonly findings?: undefined }
  | { readonly database?: undefined; readonly findings: readonly Finding[] };

const RESTORE = 'start the service anew, whose log says more, or restore the data folder from a backup';
const ITS_USER = 'run doctor as the user of the service';

/** Connects as the service does. Starts no server. `holder`: the pid of the service that uses the data folder. */
export async function connect({ databaseUrl, dataDir }: Config, holder: number | undefined): Promise<Connection> {
  if (databaseUrl !== undefined) return open(databaseUrl, explain);
  const findings = new Findings('database');
  const url = await findRunning(join(dataDir, 'postgres')).catch((error: unknown) => {
    findings.bad(`the embedded PostgreSQL cannot be reached: ${reasonOf(error)}`, codeOf(error) === 'EACCES' ? ITS_USER : RESTORE);
    return undefined;
  });
  if (url !== undefined) return open(url, ({ where }, error) => ({ says: `the embedded PostgreSQL at ${where} cannot be used: ${reasonOf(error)}`, todo: RESTORE }));
  if (findings.list.length > 0) return { findings: findings.list };
  if (holder !== undefined) {
    return { findings: findings.bad(`the embedded PostgreSQL is not running, although the service (pid ${holder}) is`, 'wait until the service has started it, then run keyturn doctor again; its log says more').list };
  }
  return { findings: findings.good('the embedded PostgreSQL is not running, as no service is; start the service and run keyturn doctor again for the rest').list };
}

/** What of a URL may be shown. */
interface Parts {
  readonly where: string;
  readonly user: string;
  readonly name: string;
}

type Explain = (parts: Parts, error: unknown) => { says: string; todo: string };

async function open(url: string, why: Explain): Promise<Connection> {
  const parts = partsOf(url);
  try {
    return { database: await Database.open({ url, poolSize: 1, log: () => {} }), where: parts.where };
  } catch (error) {
    const { says, todo } = why(parts, error);
    return { findings: new Findings('database').bad(says, todo).list };
  }
}

function partsOf(url: string): Parts {
  const { hostname, port, pathname, username, searchParams } = new URL(url);
  const name = decodeURIComponent(pathname.slice(1));
  const host = hostname || searchParams.get('host') || 'localhost';
  return { where: `${host}:${port || 5432}/${name}`, user: decodeURIComponent(username), name };
}

const explain: Explain = ({ where, user, name }, error) => {
  const code = codeOf(error);
  const refused = `PostgreSQL at ${where} refuses to let ${user} in: ${reasonOf(error)}`;
  if (code.startsWith('28')) return { says: refused, todo: 'correct the user and the password in KEYTURN_DATABASE_URL, or the rules in pg_hba.conf of the server' };
  if (code === '3D000') return { says: refused, todo: `make it with create database "${name}" encoding 'UTF8', or correct the name in KEYTURN_DATABASE_URL` };
  if (code === '42501') return { says: refused, todo: `run grant connect on database "${name}" to "${user}"` };
  if (code.startsWith('53')) return { says: refused, todo: 'raise max_connections on the server, or close connections of others' };
  if (code.startsWith('57')) return { says: refused, todo: 'wait until the server is up, then run keyturn doctor again' };
  return { says: `PostgreSQL at ${where} does not answer: ${reasonOf(error)}`, todo: 'start it, let this machine reach it, or correct the host and the port in KEYTURN_DATABASE_URL' };
};
