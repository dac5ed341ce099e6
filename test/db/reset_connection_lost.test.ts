import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { Database } from '../../src/db/database.ts';
import { DeviceSecretStore } from '../../src/db/device_secret.ts';
import type { SecretReset } from '../../src/db/device_secret.ts';
import { Unavailable } from '../../src/unavailable.ts';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { startProxy } from './fixtures/postgres_proxy.ts';
import type { PostgresProxy } from './fixtures/postgres_proxy.ts';
import { newReset } from './fixtures/resets.ts';
import { ORIGIN, addDevice, lockDevice, openDatabase, rowsOf, waitingBackends } from './fixtures/rotations.ts';

const WRITE = 'device_secret_reset';
const READ_RECORD = 'idempotency_record_read';
const READ_BOX = 'device_secret_read_box';

describe('a reset whose connection is lost', () => {
  let own: TestDatabase;
  let proxy: PostgresProxy;
  let database: Database;
  let store: DeviceSecretStore;
  before(async () => {
    own = await createDatabase();
    proxy = await startProxy(own.url);
    database = await openDatabase(proxy.url);
    store = new DeviceSecretStore(database);
  });
  after(async () => {
    await database[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });
  beforeEach(() => proxy.restore());

  const added = async (deviceId: string): Promise<string> => {
    await addDevice(database, deviceId);
    proxy.asked.length = 0;
    return deviceId;
  };
  const boxOf = async (deviceId: string): Promise<Buffer | undefined> =>
    (await rowsOf<{ box: Buffer }>(own.url, 'select box from device_secret where device_id = $1', [deviceId]))[0]?.box;
  const countOf = async (deviceId: string): Promise<unknown> =>
    rowsOf(own.url, `select (select count(*)::int from audit_event where device_id = $1 and action = 'device_secret.reset') as audits,
      (select count(*)::int from outbox where device_id = $1 and type = 'device_secret.reset') as events,
      (select count(*)::int from idempotency_record where device_id = $1) as records`, [deviceId]);
  const reset = (wanted: SecretReset) => store.reset(wanted, ORIGIN);

  it('after the commit is settled by its record, on a new connection', async () => {
    const wanted = newReset(await added('swallowed'), { key: 'k' });
    proxy.cutNext(WRITE, 'reply');
    assert.deepEqual(await reset(wanted), { outcome: 'reset' });
    // The first look-up says that the record is there, the second whose it is.
    assert.deepEqual(proxy.ran(), [WRITE, READ_RECORD, READ_RECORD]);
    assert.deepEqual(await boxOf('swallowed'), wanted.secret.box);
    assert.deepEqual(await countOf('swallowed'), [{ audits: 1, events: 1, records: 1 }]);
  });

  it('after the commit without a key is settled by the secret that is there', async () => {
    const wanted = newReset(await added('keyless'));
    proxy.cutNext(WRITE, 'reply');
    assert.deepEqual(await reset(wanted), { outcome: 'reset' });
    assert.deepEqual(proxy.ran(), [WRITE, READ_BOX]);
  });

  it('after the commit of the same call elsewhere gets the answer that is stored', async () => {
    const deviceId = await added('elsewhere');
    const first = newReset(deviceId, { key: 'k' });
    assert.deepEqual(await reset(first), { outcome: 'reset' });
    proxy.cutNext(WRITE, 'reply');
    const result = await reset(newReset(deviceId, { key: 'k' }));
    assert.ok(result.outcome === 'known' && first.record);
    assert.deepEqual(result.record, { bodySha256: first.record.bodySha256, answer: first.record.answer });
    assert.deepEqual(await boxOf(deviceId), first.secret.box);
  });

  for (const key of ['k', undefined]) {
    const how = key === undefined ? 'without a key' : 'with a key';

    it(`${how}, before the server got it, has changed nothing, and the same again succeeds`, async () => {
      const wanted = newReset(await added(`never-sent-${key}`), { key });
      proxy.cutNext(WRITE, 'request');
      await assert.rejects(reset(wanted), Unavailable);
      assert.equal(await boxOf(wanted.deviceId), undefined);
      assert.deepEqual(await reset(wanted), { outcome: 'reset' });
    });

    it(`${how}, because its backend was terminated while it waited, has changed nothing`, async () => {
      const wanted = newReset(await added(`terminated-${key}`), { key });
      const lock = await lockDevice(own.url, wanted.deviceId);
      const write = assert.rejects(reset(wanted), Unavailable);
      const [pid] = await waitingBackends(own.url, 1);
      await rowsOf(own.url, 'select pg_terminate_backend($1)', [pid]);
      await write;
      await lock.release();
      assert.deepEqual(await countOf(wanted.deviceId), [{ audits: 0, events: 0, records: 0 }]);
    });

    it(`${how}, while its statement goes on alone, is unknown; the same again settles it`, async () => {
      const wanted = newReset(await added(`orphaned-${key}`), { key });
      const lock = await lockDevice(own.url, wanted.deviceId);
      proxy.cutNext(WRITE, 'running');
      await assert.rejects(reset(wanted), Unavailable);
      await lock.release();
      const again = newReset(wanted.deviceId, { key });
      const { outcome } = await reset(again);
      // Whether the orphan came first is the server's affair; with a key nothing is done twice.
      const box = await boxOf(wanted.deviceId);
      assert.deepEqual(box, outcome === 'known' ? wanted.secret.box : again.secret.box);
      if (key !== undefined) assert.deepEqual(await countOf(wanted.deviceId), [{ audits: 1, events: 1, records: 1 }]);
    });

    it(`${how}, and the database away: unavailable`, async () => {
      const wanted = newReset(await added(`away-${key}`), { key });
      const lock = await lockDevice(own.url, wanted.deviceId);
      const write = assert.rejects(reset(wanted), Unavailable);
      await waitingBackends(own.url, 1);
      proxy.stop();
      await write;
      await lock.release();
    });

    it(`${how}, by force, after the statement and before its commit, has changed nothing`, async () => {
      const wanted = newReset(await added(`uncommitted-${key}`), { key, forceDisconnect: true });
      proxy.cutNext(WRITE, 'reply');
      await assert.rejects(reset(wanted), Unavailable);
      assert.deepEqual(await countOf(wanted.deviceId), [{ audits: 0, events: 0, records: 0 }]);
      assert.deepEqual(await reset(wanted), { outcome: 'reset' });
    });
  }

  it('is not settled by a record that has expired', async () => {
    const deviceId = await added('expired');
    assert.deepEqual(await reset(newReset(deviceId, { key: 'k' })), { outcome: 'reset' });
    proxy.cutNext(WRITE, 'request');
    const later = { ...ORIGIN, at: new Date(ORIGIN.at.getTime() + 2 * 3_600_000) };
    await assert.rejects(store.reset(newReset(deviceId, { key: 'k' }), later), Unavailable);
  });

  it('is not settled by the record of a device that is in another project', async () => {
    const deviceId = await added('foreign');
    assert.deepEqual(await reset(newReset(deviceId, { key: 'k' })), { outcome: 'reset' });
    const foreign = newReset(deviceId, { key: 'k', projectId: 'other' });
    proxy.cutNext(WRITE, 'request');
    await assert.rejects(reset(foreign), Unavailable);
    assert.deepEqual(await reset(foreign), { outcome: 'device_missing' });
  });

  it('without a key is not settled by the secret of another reset', async () => {
    const deviceId = await added('other');
    assert.deepEqual(await reset(newReset(deviceId)), { outcome: 'reset' });
    proxy.cutNext(WRITE, 'request');
    await assert.rejects(reset(newReset(deviceId)), Unavailable);
  });
});
