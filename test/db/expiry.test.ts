import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Client } from 'pg';
import { expiryJobs } from '../../src/db/expiry.ts';
import type { Database } from '../../src/db/database.ts';
import { connect, createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { Bench } from '../wire/harness.ts';
import { authOf, deviceAuth, secretDevice } from '../wire/secrets.ts';
import { openDatabase } from './fixtures/rotations.ts';

const NOW = new Date('2026-05-01T00:00:00Z');
const BATCH = 500;

/** Tables with rows that expire, and inserts of `$1` rows; the first ends at `$2`, each other a second before. */
const ROWS = `(select sha256(gen_random_uuid()::text::bytea) as hash, $2::timestamptz - g * interval '1 second' as at from generate_series(0, $1::int - 1) g) as given`;
const TABLES = {
  idempotency_record: `insert into idempotency_record (device_id, action, key, body_sha256, key_id, box, created_at, expires_at)
    select 'd', 'resetSecret', encode(hash, 'hex'), hash, 'k', hash, at, at from ${ROWS}`,
  iam_token: `insert into iam_token (token_sha256, user_id, generation, issued_at, expires_at) select hash, 'u', 0, at, at from ${ROWS}`,
  device_token: `insert into device_token (token_sha256, device_id, issued_at, expires_at) select hash, 'd', at, at from ${ROWS}`,
  device_token_chain: `insert into device_token_chain (chain_id, device_id, scopes, renewals, expires_at) select gen_random_uuid(), 'd', '{}', 0, at from ${ROWS}`,
  used_signature: `insert into used_signature (signature_sha256, expires_at) select hash, at from ${ROWS}`,
  identity_revocation: `insert into identity_revocation (pk, code_mac, wrong_tries, created_at, expires_at) select left(encode(hash, 'hex'), 43), hash, 0, at, at from ${ROWS}`,
  identity_job: `insert into identity_job (job_id, pk, field, state, address_mac, key_id, box, code_mac, code_expires_at, wrong_tries, test, created_at, expires_at)
    select left(encode(hash, 'hex'), 20), 'k', 'email', 'WAITING', hash, 'k', hash, hash, at, 0, false, at, at from ${ROWS}`,
  sending_budget: `insert into sending_budget (address_mac, sent_at, expires_at) select hash, array[at], at from ${ROWS}`,
  message: `insert into message (message_id, channel, recipient_mac, key_id, box, state, attempts, pk, created_at, deliver_until, expires_at)
    select left(encode(hash, 'hex'), 36), 'EMAIL', hash, 'k', hash, 'SENT', 1, 'k', at, at, at from ${ROWS}`,
};

describe('rows that expire', () => {
  let own: TestDatabase;
  let database: Database;
  let client: Client;
  let other: Client;
  before(async () => {
    own = await createDatabase();
    database = await openDatabase(own.url, 4);
    client = await connect(own.url);
    other = await connect(own.url);
  });
  after(async () => {
    await client.end();
    await other.end();
    await database[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });

  const jobOf = (table: string): ReturnType<typeof expiryJobs>[number] => expiryJobs(database.run).find(({ name }) => name === `${table}_expiry`) ?? assert.fail(table);
  const endsOf = async (table: string): Promise<Date[]> => (await client.query<{ at: Date }>(`select expires_at as at from ${table} order by 1`)).rows.map(({ at }) => at);

  it('are those of every table that has them', async () => {
    const { rows } = await client.query<{ name: string }>(`select table_name as name from information_schema.columns where column_name = 'expires_at' and table_schema = current_schema() order by 1`);
    assert.deepEqual(rows.map(({ name }) => name).filter((name) => name !== 'device'), Object.keys(TABLES).toSorted());
    assert.deepEqual(expiryJobs(database.run).map(({ name }) => name), Object.keys(TABLES).map((table) => `${table}_expiry`));
  });

  for (const [table, insert] of Object.entries(TABLES)) {
    it(`${table}: go when their time has come and not before`, async () => {
      const ends = [-1, 0, 1].map((shift) => new Date(NOW.getTime() + shift));
      for (const end of ends) await client.query(insert, [1, end]);
      assert.equal(await jobOf(table).run(NOW), 2);
      assert.deepEqual(await endsOf(table), ends.slice(2));
      assert.equal(await jobOf(table).run(NOW), 0);
      await client.query(`delete from ${table}`);
    });

    it(`${table}: go in small steps, the longest overdue first, and wait for nobody`, async () => {
      await client.query(insert, [BATCH + 20, NOW]);
      await other.query('begin');
      await other.query(`select from ${table} where expires_at <= $1 order by expires_at limit 10 for update`, [NOW]);
      assert.equal(await jobOf(table).run(NOW), BATCH);
      assert.equal(await jobOf(table).run(NOW), 10);
      assert.equal(await jobOf(table).run(NOW), 0);
      assert.equal((await endsOf(table)).length, 10);
      await other.query('commit');
      assert.equal(await jobOf(table).run(NOW), 10);
      await client.query(`delete from ${table}`);
    });
  }

  it('identity_job: take their messages along, whenever those end', async () => {
    await client.query(TABLES.identity_job, [2, NOW]);
    await client.query(TABLES.message, [3, new Date(NOW.getTime() + 60_000)]);
    await client.query(`update message set job_id = (select job_id from identity_job order by expires_at limit 1)
      where message_id in (select message_id from message order by message_id limit 2)`);
    assert.equal(await jobOf('identity_job').run(new Date(NOW.getTime() - 1_000)), 1);
    assert.deepEqual((await client.query('select job_id from message')).rows, [{ job_id: null }]);
    await client.query('delete from identity_job; delete from message');
  });

  it('go by the clock of the service, and what they stood for is free again', async () => {
    await using bench = await Bench.start();
    const { id } = await secretDevice(bench, { primary: 'primary-1' });
    assert.equal((await deviceAuth(bench, 'rest', authOf(id, 'primary-1'))).status, 200);
    const count = async (): Promise<number> => (await bench.sql.query<{ n: number }>('select count(*)::int as n from device_token')).rows[0]?.n ?? 0;
    bench.service.clock.advance(86_300_000);
    await bench.service.app.sweeper.sweep();
    assert.equal(await count(), 1);
    bench.service.clock.advance(100_000);
    await bench.service.app.sweeper.sweep();
    assert.equal(await count(), 0);
  });
});
