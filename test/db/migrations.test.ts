import assert from 'node:assert/strict';
import { Migration, Migrator } from '@mikro-orm/migrations';
import { MikroORM } from '@mikro-orm/postgresql';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { Database } from '../../src/db/database.ts';
import { entities } from '../../src/db/entities.ts';
import { migrationOptions } from '../../src/db/migrate.ts';
import { migrationsList } from '../../src/db/migrations/index.ts';
import { createDatabase, execute } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { rowsOf } from './fixtures/rotations.ts';

const NAMES = migrationsList.map((migration) => migration.name);
/** The name that the next migration will have. */
const NEXT = String(NAMES.length + 1).padStart(4, '0');

class Breaks extends Migration {
  override up(): void {
    this.addSql('create table half_done (n integer)');
    this.addSql("insert into project (project_id, name, created_at, app_id) values ('half', 'Half', now(), 'half')");
    this.addSql('select no_such_function()');
  }
}

/** Writes down under which limits migrations run. */
class Measures extends Migration {
  override up(): void {
    this.addSql("create table limits as select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock");
  }
}

describe('migrations', () => {
  let own: TestDatabase;
  let opened: AsyncDisposableStack;
  beforeEach(async () => {
    own = await createDatabase();
    opened = new AsyncDisposableStack();
  });
  afterEach(async () => {
    await opened.disposeAsync();
    await own[Symbol.asyncDispose]();
  });

  const open = async (): Promise<Database> => opened.use(await Database.open({ url: own.url, poolSize: 4, log: () => {} }));
  const ormWith = async (list: typeof migrationsList | object[]): Promise<MikroORM> => {
    const orm = await MikroORM.init({
      entities, clientUrl: own.url, extensions: [Migrator], logger: () => {}, colors: false,
      migrations: { ...migrationOptions, migrationsList: list as typeof migrationsList },
    });
    opened.defer(() => orm.close(true));
    return orm;
  };
  const tables = async (): Promise<string[]> => {
    const rows = await rowsOf<{ name: string }>(own.url, "select table_name::text as name from information_schema.tables where table_schema = 'public' order by 1");
    return rows.map((row) => row.name);
  };
  const TABLES = [
    'access_key', 'audit_event', 'device', 'device_secret', 'device_token', 'device_token_chain', 'iam_token', 'iam_user', 'idempotency_record',
    'identity', 'identity_address', 'identity_job', 'identity_revocation', 'issuer', 'issuer_key', 'keyturn_migration', 'message',
    'outbox', 'product', 'project', 'public_key', 'rotation', 'sending_budget', 'service_key', 'trusted_issuer', 'used_jti', 'used_signature',
  ];

  it('are numbered without a gap and in order', () => {
    assert.deepEqual(NAMES, NAMES.map((_, index) => String(index + 1).padStart(4, '0')));
  });

  it('make the schema of an empty database, with the project default', async () => {
    assert.deepEqual(await (await open()).migrate(), NAMES);
    assert.deepEqual(await tables(), TABLES);
    assert.deepEqual(await rowsOf(own.url, 'select project_id, name from project'), [{ project_id: 'default', name: 'Default' }]);
  });

  it('do nothing a second time', async () => {
    const database = await open();
    await database.migrate();
    assert.deepEqual(await database.migrate(), []);
    assert.deepEqual(await (await open()).migrate(), []);
  });

  it('go down to nothing and up again', async () => {
    const database = await open();
    await database.migrate();
    await database.orm.migrator.down({ to: 0 });
    assert.deepEqual(await tables(), ['keyturn_migration']);
    const left = "select relname::text as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('S', 'i') and relname not like 'keyturn_migration%'";
    assert.deepEqual(await rowsOf(own.url, left), []);
    assert.deepEqual(await database.migrate(), NAMES);
    assert.deepEqual(await tables(), TABLES);
  });

  it('make what the entities say: there is no drift', async () => {
    const database = await open();
    await database.migrate();
    const update = await database.orm.schema.getUpdateSchemaSQL({ wrap: false });
    const drift = update.split('\n').filter((line) => line.trim() !== '' && !line.includes('keyturn_migration'));
    assert.deepEqual(drift, []);
  });

  it('and the comparison would see a drift', async () => {
    const database = await open();
    await database.migrate();
    await execute(own.url, 'drop index device_project_index; alter table device alter column scopes drop not null');
    const update = await database.orm.schema.getUpdateSchemaSQL({ wrap: false });
    assert.match(update, /device_project_index/);
    assert.match(update, /scopes/);
  });

  it('run once when several nodes start at once', async () => {
    const nodes = await Promise.all(Array.from({ length: 4 }, open));
    const done = await Promise.all(nodes.map((node) => node.migrate()));
    assert.deepEqual(done.flat(), NAMES);
    const executed = await rowsOf<{ name: string }>(own.url, 'select name from keyturn_migration order by id');
    assert.deepEqual(executed.map((row) => row.name), NAMES);
    assert.deepEqual(await tables(), TABLES);
  });

  it('run once when one node migrates twice at once', async () => {
    const node = await open();
    const done = await Promise.all([node.migrate(), node.migrate()]);
    assert.deepEqual(done.flat(), NAMES);
  });

  it('leave nothing half done on an empty database when a later one fails', async () => {
    const orm = await ormWith([...migrationsList, { name: NEXT, class: Breaks }]);
    await assert.rejects(orm.migrator.up(), /no_such_function/);
    assert.deepEqual((await tables()).filter((name) => name !== 'keyturn_migration'), []);
    assert.deepEqual(await rowsOf(own.url, "select to_regclass('keyturn_migration')::text as name"), [{ name: 'keyturn_migration' }]);
    assert.deepEqual(await rowsOf(own.url, 'select name from keyturn_migration'), []);
    assert.deepEqual(await (await open()).migrate(), NAMES);
  });

  it('leave a database as it was when the next one fails', async () => {
    await (await open()).migrate();
    const orm = await ormWith([...migrationsList, { name: NEXT, class: Breaks }]);
    await assert.rejects(orm.migrator.up(), /no_such_function/);
    assert.deepEqual(await tables(), TABLES);
    assert.deepEqual(await rowsOf(own.url, 'select project_id from project'), [{ project_id: 'default' }]);
    assert.deepEqual((await rowsOf<{ name: string }>(own.url, 'select name from keyturn_migration')).map((row) => row.name), NAMES);
  });

  it('refuse a database that a newer version has made, and change nothing of it', async () => {
    await (await open()).migrate();
    await execute(own.url, "insert into keyturn_migration (name) values ('0999')");
    await assert.rejects((await open()).migrate(), {
      message: 'the database was made by a newer Keyturn (it has migration 0999); run that version, or restore a backup made before it',
    });
    assert.deepEqual(await tables(), TABLES);
  });

  it('release their lock and leave no session behind, after a refusal too', async () => {
    const database = await open();
    await database.migrate();
    await execute(own.url, "insert into keyturn_migration (name) values ('0999')");
    await assert.rejects(database.migrate());
    const locks = "select count(*)::int as n from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())";
    // The session ends when the server hears of it.
    let held: unknown;
    for (const until = Date.now() + 5000; Date.now() < until; ) {
      held = (await rowsOf<{ n: number }>(own.url, locks))[0]?.n;
      if (held === 0) break;
    }
    assert.equal(held, 0);
    await database.ping();
  });

  it('are not cut short by the limits of ordinary statements', async () => {
    const database = await open();
    await database.migrate();
    const list = migrationsList as { name: string; class: typeof Measures }[];
    list.push({ name: NEXT, class: Measures });
    try {
      assert.deepEqual(await (await open()).migrate(), [NEXT]);
    } finally {
      list.pop();
    }
    assert.deepEqual(await rowsOf(own.url, 'select statement, lock from limits'), [{ statement: '0', lock: '0' }]);
  });
});
