import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { Database } from '../../src/db/database.ts';
import { RotationStore } from '../../src/db/rotation.ts';
import { Unavailable } from '../../src/unavailable.ts';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { startProxy } from './fixtures/postgres_proxy.ts';
import type { PostgresProxy } from './fixtures/postgres_proxy.ts';
import { ORIGIN, addDevice, contentOf, lockDevice, newKey, newRotation, openDatabase, rowsOf, waitingBackends } from './fixtures/rotations.ts';

describe('a rotation whose connection is lost', () => {
  let own: TestDatabase;
  let proxy: PostgresProxy;
  let database: Database;
  let store: RotationStore;
  before(async () => {
    own = await createDatabase();
    proxy = await startProxy(own.url);
    database = await openDatabase(proxy.url);
    store = new RotationStore(database.run);
  });
  after(async () => {
    await database[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    proxy.restore();
    proxy.asked.length = 0;
  });

  it('after the commit is read back on a new connection, and has succeeded', async () => {
    const rotation = newRotation('swallowed', await addDevice(database, 'swallowed'), newKey());
    proxy.asked.length = 0;
    proxy.cutNext('rotation_write', 'reply');
    assert.equal(await store.write(rotation, ORIGIN), 'rotated');
    assert.deepEqual(proxy.ran(), ['rotation_write', 'rotation_read']);
    assert.equal((await store.read(rotation))?.committed?.rotationId, rotation.rotationId);
  });

  it('before the server got it has changed nothing, and the same again succeeds', async () => {
    const rotation = newRotation('never-sent', await addDevice(database, 'never-sent'), newKey());
    const content = await contentOf(own.url);
    proxy.cutNext('rotation_write', 'request');
    await assert.rejects(store.write(rotation, ORIGIN), Unavailable);
    assert.deepEqual(await contentOf(own.url), content);
    assert.equal(await store.write(rotation, ORIGIN), 'rotated');
  });

  it('because its backend was terminated while it waited has changed nothing', async () => {
    const rotation = newRotation('terminated', await addDevice(database, 'terminated'), newKey());
    const content = await contentOf(own.url);
    const lock = await lockDevice(own.url, 'terminated');
    const write = assert.rejects(store.write(rotation, ORIGIN), Unavailable);
    const [pid] = await waitingBackends(own.url, 1);
    await rowsOf(own.url, 'select pg_terminate_backend($1)', [pid]);
    await write;
    await lock.release();
    assert.deepEqual(await contentOf(own.url), content);
    assert.equal(await store.write(rotation, ORIGIN), 'rotated');
  });

  it('while it waited may still commit: the outcome is unknown, and the next look-up settles it', async () => {
    const rotation = newRotation('unknown', await addDevice(database, 'unknown'), newKey());
    const lock = await lockDevice(own.url, 'unknown');
    proxy.cutNext('rotation_write', 'running');
    await assert.rejects(store.write(rotation, ORIGIN), Unavailable);
    assert.equal((await store.read(rotation))?.committed, undefined);
    await lock.release();
    const state = await store.read(rotation);
    // Whether the orphaned backend noticed is the server's affair; the row lock orders it before or never.
    const settled = await store.write({ ...rotation, rotationId: crypto.randomUUID() }, ORIGIN);
    const committed = (await store.read(rotation))?.committed?.rotationId;
    assert.ok(state !== undefined && committed !== undefined);
    assert.equal(settled, committed === rotation.rotationId ? 'overtaken' : 'rotated');
  });

  it('with the whole database is refused as unavailable, once the look-up fails too', async () => {
    const rotation = newRotation('away', await addDevice(database, 'away'), newKey());
    const lock = await lockDevice(own.url, 'away');
    const write = assert.rejects(store.write(rotation, ORIGIN), Unavailable);
    await waitingBackends(own.url, 1);
    proxy.stop();
    await write;
    await lock.release();
    proxy.restore();
    const state = await store.read(rotation);
    assert.ok(state !== undefined);
  });

  it('is reported as a refusal of the key, never as success, if someone else made the same key current', async () => {
    const [from, to] = [await addDevice(database, 'other-jwt'), newKey()];
    const other = newRotation('other-jwt', from, to);
    assert.equal(await store.write(other, ORIGIN), 'rotated');
    proxy.cutNext('rotation_write', 'reply');
    await assert.rejects(store.write({ ...newRotation('other-jwt', from, to) }, ORIGIN), Unavailable);
  });

  it('leaves the pool usable', async () => {
    assert.ok(database.pool.waiting === 0 && database.pool.total <= 8);
    await Promise.all(Array.from({ length: 20 }, () => database.ping()));
  });

  it('within a transaction is refused as unavailable, and nothing of it stays', async () => {
    await addDevice(database, 'transaction');
    const content = await contentOf(own.url);
    const failed = database.transaction(async (run) => {
      await run({ name: 'freeze_it', text: "update device set state = 'FROZEN' where device_id = $1" }, ['transaction']);
      const [row] = await run<{ pid: number }>({ name: 'own_pid', text: 'select pg_backend_pid() as pid' }, []);
      await rowsOf(own.url, 'select pg_terminate_backend($1)', [row?.pid]);
      await run({ name: 'one_more', text: 'select 1' }, []);
    });
    await assert.rejects(failed, Unavailable);
    assert.deepEqual(await contentOf(own.url), content);
  });
});
