import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import { KeyRing, newMasterKey } from '../../src/crypto/key_ring.ts';
import type { Database } from '../../src/db/database.ts';
import { SEALED_TABLES, SealedStore } from '../../src/db/sealed.ts';
import type { SealedRow } from '../../src/db/sealed.ts';
import { complaintsOf, fitOf } from '../../src/key_ring_fit.ts';
import type { Fit } from '../../src/key_ring_fit.ts';
import { connect, createDatabase, execute } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { ORIGIN, openDatabase, rowsOf } from './fixtures/rotations.ts';
import { openAll, writeSealed } from './fixtures/sealed.ts';

const keyOf = (id: string): { id: string; key: Buffer } => ({ ...newMasterKey(), id });

describe('what is sealed in the database', () => {
  const [a, b, c] = ['a', 'b', 'c'].map(keyOf) as [ReturnType<typeof keyOf>, ReturnType<typeof keyOf>, ReturnType<typeof keyOf>];
  let own: TestDatabase;
  let database: Database;
  let store: SealedStore;
  before(async () => {
    own = await createDatabase();
    database = await openDatabase(own.url, 4);
    store = new SealedStore(database.run);
  });
  after(async () => {
    await database[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });
  beforeEach(() => execute(own.url, 'truncate device_secret, access_key, idempotency_record'));

  const read = async (keyId: string, limit = 1000): Promise<SealedRow[]> => store.read('device_secret', keyId, undefined, limit);

  it('shows one row of each key and table, however many there are', async () => {
    assert.deepEqual(await store.examples(), []);
    await writeSealed(own.url, new KeyRing([a]), 'x', { devices: 20, accessKeys: 3 });
    await writeSealed(own.url, new KeyRing([b]), 'y', { devices: 1, records: 2 });
    await writeSealed(own.url, new KeyRing([c]), 'z', { accessKeys: 1 });
    const shown = (await store.examples()).map(({ table, key, keyId }) => [table, keyId, ...key].join(' '));
    assert.deepEqual(shown, [
      'device_secret a x-0 PRIMARY', 'device_secret b y-0 PRIMARY', 'access_key a x-0', 'access_key c z-0', 'idempotency_record b y-0 reset y-0',
    ]);
  });

  it('is counted and read by key, in the order of the rows', async () => {
    await writeSealed(own.url, new KeyRing([a]), 'x', { devices: 5, accessKeys: 3, records: 4 });
    await writeSealed(own.url, new KeyRing([b]), 'y', { devices: 2 });
    assert.deepEqual(await Promise.all(SEALED_TABLES.map((table) => store.count(table, 'a'))), [10, 3, 4, 0, 0, 0, 0, 0]);
    assert.equal(await store.count('device_secret', 'b'), 4);
    assert.equal(await store.count('device_secret', 'nobody'), 0);
    const first = await read('a', 7);
    const rest = await store.read('device_secret', 'a', first.at(-1)?.key, 7);
    assert.deepEqual([first.length, rest.length], [7, 3]);
    const keys = [...first, ...rest].map(({ key }) => key.join(' '));
    assert.deepEqual(keys, [0, 1, 2, 3, 4].flatMap((number) => [`x-${number} PRIMARY`, `x-${number} SECONDARY`]));
  });

  it('is counted beyond one step, without an error of one', async () => {
    for (const count of [49_999, 50_000, 50_001, 120_000]) {
      await execute(own.url, `truncate access_key; insert into access_key (access_key, project_id, key_id, box, created_at) select 'n' || n, 'p', 'a', '', now() from generate_series(1, ${count}) n`);
      assert.equal(await store.count('access_key', 'a'), count);
    }
  });

  it('is replaced only as it was read', async () => {
    const ring = new KeyRing([b, a]);
    await writeSealed(own.url, new KeyRing([a]), 'x', { devices: 2 });
    const rows = await read('a');
    await writeSealed(own.url, ring, 'other', { devices: 1 });
    await execute(own.url, "update device_secret set box = (select box from device_secret where device_id = 'other-0' limit 1), key_id = 'b' where device_id = 'x-0' and slot = 'PRIMARY'");
    await execute(own.url, "delete from device_secret where device_id = 'x-1' and slot = 'SECONDARY'");
    const untouched = await rowsOf(own.url, "select * from device_secret where device_id = 'x-0' and slot = 'PRIMARY'");
    const resealed = rows.map((old) => {
      const place = [old.table, ...old.key];
      return { old, sealed: ring.seal(place, ring.open(place, old)) };
    });
    assert.equal(await store.replace('device_secret', resealed), 2);
    assert.equal(await store.replace('device_secret', resealed), 0, 'once only');
    assert.equal(await store.replace('device_secret', []), 0);
    assert.deepEqual(await rowsOf(own.url, "select * from device_secret where device_id = 'x-0' and slot = 'PRIMARY'"), untouched);
    assert.equal((await rowsOf(own.url, "select from device_secret where device_id = 'x-1'")).length, 1, 'what was deleted stays so');
    assert.deepEqual(await read('a'), []);
  });

  it('is not waited for where somebody else holds it, and nobody waits for long', async () => {
    const ring = new KeyRing([b, a]);
    await writeSealed(own.url, new KeyRing([a]), 'x', { devices: 2 });
    const rows = await read('a');
    const client = await connect(own.url);
    await client.query("begin; select from device_secret where device_id = 'x-0' for update");
    const resealed = rows.map((old) => ({ old, sealed: ring.seal([old.table, ...old.key], 'value') }));
    assert.equal(await store.replace('device_secret', resealed), 2);
    await client.query('commit');
    await client.end();
    assert.equal(await store.replace('device_secret', resealed), 2);
  });

  it('records what was done in the audit trail', async () => {
    await store.record('master_key.rotated', { key_id: 'b' }, { ...ORIGIN, actor: 'operator' });
    const rows = await rowsOf(own.url, "select occurred_at, project_id, device_id, actor, request_id, peer, details from audit_event where action = 'master_key.rotated'");
    assert.deepEqual(rows, [{ occurred_at: ORIGIN.at, project_id: '', device_id: '', actor: 'operator', request_id: ORIGIN.requestId, peer: ORIGIN.peer, details: { key_id: 'b' } }]);
  });

  it('tells which keys a ring lacks, and under which ids it has others', async () => {
    await writeSealed(own.url, new KeyRing([a]), 'x', { devices: 2, accessKeys: 1 });
    await writeSealed(own.url, new KeyRing([b]), 'y', { accessKeys: 1, records: 1 });
    await writeSealed(own.url, new KeyRing([c]), 'z', { records: 1 });
    const fit = async (...keys: ReturnType<typeof keyOf>[]): Promise<Fit> => fitOf(new KeyRing(keys), store);
    assert.deepEqual(await fit(c, b, a), { used: ['a', 'b', 'c'], missing: [], other: [] });
    assert.deepEqual(complaintsOf(await fit(c, b, a, keyOf('d')), 'the ring'), []);
    const wrong = await fit(keyOf('d'), keyOf('b'), a);
    assert.deepEqual(wrong, { used: ['a', 'b', 'c'], missing: ['c'], other: [{ keyId: 'b', table: 'idempotency_record' }] });
    const [missing, other] = complaintsOf(wrong, 'the ring').map(({ says, todo }) => `${says}; ${todo}`);
    assert.match(missing ?? '', /encrypted with the master key c, which the ring lacks; put it back from a backup/);
    assert.match(other ?? '', /idempotency_record that the key b of the ring does not open: .*; give back the key that had the id b/);
  });

  it('is opened by the ring that has sealed it', async () => {
    await writeSealed(own.url, new KeyRing([a]), 'x', { devices: 1, accessKeys: 1, records: 1 });
    assert.deepEqual(await openAll(own.url, new KeyRing([b, a])), { a: ['x-0', 'x-0 PRIMARY', 'x-0 SECONDARY', 'x-0'] });
  });
});
