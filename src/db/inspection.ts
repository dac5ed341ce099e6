import type { Database } from './database.ts';
import { migrationsList } from './migrations/index.ts';

/** What a database server and its role are like, without any change to them. */
export interface Inspection {
  /** As PostgreSQL numbers itself: 180004 is 18.4. */
  readonly versionNumber: number;
  /** For people. */
  readonly version: string;
  readonly user: string;
  readonly encoding: string;
  readonly isInRecovery: boolean;
  readonly isReadOnly: boolean;
  readonly fsync: string;
  readonly synchronousCommit: string;
  /** Connections to all databases of the server, this one included. */
  readonly connectionsUsed: number;
  /** Connections that roles without privileges may have. */
  readonly connectionsMost: number;
  /** Migrations of this version that the database does not have, in order. */
  readonly pending: readonly string[];
  /** Migrations of the database that this version does not know. */
  readonly unknown: readonly string[];
  /** Rights that the role lacks, such as `insert on device`. */
  readonly missingRights: readonly string[];
}

const SERVER = {
  name: 'inspect_server',
  text: `select current_setting('server_version_num')::int as "versionNumber", current_setting('server_version') as version,
      current_user::text as user, current_setting('server_encoding') as encoding, pg_is_in_recovery() as "isInRecovery",
      current_setting('transaction_read_only') = 'on' as "isReadOnly", current_setting('fsync') as fsync,
      current_setting('synchronous_commit') as "synchronousCommit",
      (select sum(numbackends)::int from pg_stat_database) as "connectionsUsed",
      current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true)::int, 0) as "connectionsMost"`,
};

const HAS_MIGRATIONS = { name: 'inspect_has_migrations', text: `select to_regclass('keyturn_migration') is not null as found` };
const MIGRATIONS = { name: 'inspect_migrations', text: 'select name from keyturn_migration order by id' };

/** What the statements of the service do to which table, and the sequences behind its numbers. */
const RIGHTS: readonly (readonly [relation: string, rights: string])[] = [
  ['project', 'select insert'],
  ['device', 'select insert update delete'],
  ['public_key', 'select insert update'],
  ['rotation', 'select insert'],
  ['used_jti', 'select insert update delete'],
  ['audit_event', 'select insert'],
  ['outbox', 'select insert delete'],
  ['device_secret', 'select insert update delete'],
  ['device_token', 'select insert update delete'],
  ['device_token_chain', 'select insert update delete'],
  ['idempotency_record', 'select insert update delete'],
  ['product', 'select insert'],
  ['access_key', 'select insert update delete'],
  ['iam_user', 'select insert update delete'],
  ['iam_token', 'select insert update delete'],
  ['used_signature', 'select insert update delete'],
  ['service_key', 'select insert update'],
  ['identity', 'select insert update'],
  ['identity_address', 'select insert update delete'],
  ['identity_revocation', 'select insert update delete'],
  ['identity_job', 'select insert update delete'],
  ['sending_budget', 'select insert update delete'],
  ['issuer', 'select insert update'],
  ['issuer_key', 'select insert update'],
  ['trusted_issuer', 'select insert delete'],
  ['message', 'select insert update delete'],
  ['public_key_ordinal_seq', 'usage'],
  ['audit_event_event_id_seq', 'usage'],
  ['outbox_event_id_seq', 'usage'],
  ['device_record_seq', 'usage'],
];

const MISSING_RIGHTS = {
  name: 'inspect_missing_rights',
  text: `select r.privilege || ' on ' || r.relation as missing
    from unnest($1::text[], $2::text[]) with ordinality as r (relation, privilege, ordinal)
    where to_regclass(r.relation) is not null and not case r.privilege
      when 'usage' then has_sequence_privilege(to_regclass(r.relation), 'usage')
      else has_table_privilege(to_regclass(r.relation), r.privilege) end
    order by r.ordinal`,
};

const MAY_CREATE = {
  name: 'inspect_may_create',
  text: `select coalesce(has_schema_privilege(current_schema(), 'create'), false) as may`,
};

const TIME = { name: 'inspect_time', text: 'select extract(epoch from clock_timestamp())::float8 * 1000 as milliseconds' };

/** Looks at the server, the schema and the rights of the role. Throws Unavailable if the database does not answer. */
export async function inspect(database: Database): Promise<Inspection> {
  const [server] = await database.run<Omit<Inspection, 'pending' | 'unknown' | 'missingRights'>>(SERVER, []);
  if (server === undefined) throw new Error('the database says nothing of itself');
  const known = migrationsList.map(({ name }) => name);
  const executed = await executedMigrations(database);
  const pending = known.filter((name) => !executed.includes(name));
  return {
    ...server,
    pending,
    unknown: executed.filter((name) => !known.includes(name)),
    missingRights: [...(await missingTableRights(database)), ...(pending.length > 0 ? await missingSchemaRights(database) : [])],
  };
}

/** The server's clock, milliseconds since 1970. */
export async function readTime(database: Database): Promise<number> {
  const [row] = await database.run<{ milliseconds: number }>(TIME, []);
  return row?.milliseconds ?? Number.NaN;
}

async function executedMigrations(database: Database): Promise<string[]> {
  const [answer] = await database.run<{ found: boolean }>(HAS_MIGRATIONS, []);
  if (answer?.found !== true) return [];
  const rows = await database.run<{ name: string }>(MIGRATIONS, []);
  return rows.map(({ name }) => name);
}

async function missingTableRights(database: Database): Promise<string[]> {
  const pairs = RIGHTS.flatMap(([relation, rights]) => rights.split(' ').map((right) => ({ relation, right })));
  const rows = await database.run<{ missing: string }>(MISSING_RIGHTS, [pairs.map(({ relation }) => relation), pairs.map(({ right }) => right)]);
  return rows.map(({ missing }) => missing);
}

async function missingSchemaRights(database: Database): Promise<string[]> {
  const [answer] = await database.run<{ may: boolean }>(MAY_CREATE, []);
  return answer?.may === true ? [] : ['create on schema public'];
}
