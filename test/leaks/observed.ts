import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '../support/postgres.ts';
import type { TestService } from '../support/service.ts';
import type { Haystack } from './needles.ts';

/** PostgreSQL tells of every statement with all that is bound to it, of every error with its statement, and cuts nothing short. */
export const TELLTALE = {
  fsync: 'off', log_statement: 'all', log_min_duration_statement: '0', log_min_error_statement: 'debug5', log_min_messages: 'info',
  log_error_verbosity: 'verbose', log_parameter_max_length: '-1', log_parameter_max_length_on_error: '-1',
};

export function urlOf({ app }: TestService): string {
  if (app.embedded === undefined) throw new Error('it has no server of its own');
  const { user, password, host, port, database } = app.embedded;
  return `postgres://${user}:${password}@${host}:${port}/${database}`;
}

/** The lines of the service's log, and those of PostgreSQL, which it passes on. */
export function logsOf({ lines }: TestService): Haystack[] {
  const own = lines.filter((line) => !isPostgres(line)).map((line) => JSON.stringify(line));
  const theirs = lines.filter(isPostgres).map(({ message }) => String(message));
  return [{ place: "the service's log", text: own.join('\n') }, { place: "PostgreSQL's log", text: theirs.join('\n') }];
}

/** All that a service keeps and tells, but for files: the database, the logs, the metrics, and what `told` has of its answers. */
export async function everythingOf(service: TestService, told: readonly Haystack[]): Promise<Haystack[]> {
  const metrics = { place: 'the metrics', text: await (await fetch(`${service.url}/metrics`)).text() };
  return [...(await dumpOf(service)), ...logsOf(service), ...told, metrics];
}

function isPostgres(line: Record<string, unknown>): boolean {
  return line['source'] === 'postgres';
}

/** Every row of every table as text, in which bytes are hex, and the statements that the server has seen last. */
export async function dumpOf(service: TestService): Promise<Haystack[]> {
  const client = await connect(urlOf(service));
  try {
    const { rows: tables } = await client.query<{ name: string }>("select quote_ident(relname) as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1");
    const haystacks: Haystack[] = [];
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`select t::text as row from ${name} t`);
      haystacks.push({ place: `the table ${name}`, text: rows.map(({ row }) => row).join('\n') });
    }
    const { rows } = await client.query<{ query: string }>('select query from pg_stat_activity');
    return [...haystacks, { place: 'the statements under way', text: rows.map(({ query }) => query).join('\n') }];
  } finally {
    await client.end();
  }
}

/** The files of the database as they are on the disk, with those that it recovers from. */
export async function filesOf(service: TestService, cluster: string): Promise<Haystack[]> {
  const client = await connect(urlOf(service));
  await client.query('checkpoint');
  await client.end();
  const names = readdirSync(cluster, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && entry.name !== 'postmaster.pid');
  return names.map(({ parentPath, name }) => ({ place: `the file ${name} of the database`, text: readFileSync(join(parentPath, name), 'latin1') }));
}
