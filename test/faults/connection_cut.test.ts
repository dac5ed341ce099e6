import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import { startProxy } from '../db/fixtures/postgres_proxy.ts';
import type { PostgresProxy } from '../db/fixtures/postgres_proxy.ts';
import { auditBooks } from '../torture/books.ts';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { Witnessed } from './fixtures/traffic.ts';

describe('a rotation whose connection to PostgreSQL is cut', () => {
  let own: TestDatabase;
  let proxy: PostgresProxy;
  let service: TestService;
  before(async () => {
    own = await createDatabase();
    proxy = await startProxy(own.url);
    service = await startService({ settings: { KEYTURN_DATABASE_URL: proxy.url }, database: own });
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    proxy.asked.length = 0;
  });

  /** What the service has of the device, which heard of nothing yet. */
  async function rotationsOf({ witness }: Witnessed): Promise<number> {
    const { rotations, faults } = await auditBooks(own.url, witness);
    assert.deepEqual(faults, []);
    return rotations;
  }

  it('between commit and answer is read back, and the device hears success', async () => {
    const device = await Witnessed.add(service.url, 'read-back');
    proxy.asked.length = 0;
    proxy.cutNext('rotation_write', 'reply');
    const answer = await device.send(device.newUpdate());
    assert.deepEqual([answer.status, answer.headers.get('idempotent-replayed')], [200, null]);
    assert.deepEqual(proxy.ran(), ['rotation_read', 'rotation_write', 'rotation_read']);
    await device.assertBooks(own.url);
  });

  it('there, and again when it is read back: E500, and the identical request is told of the success', async () => {
    const device = await Witnessed.add(service.url, 'not-read-back');
    proxy.cutNext('rotation_write', 'reply');
    proxy.cutNext('rotation_read', 'request');
    const update = device.newUpdate();
    assert.equal((await device.send(update)).status, 500);
    assert.equal(await rotationsOf(device), 1, 'it is committed');
    const again = await device.send(update);
    assert.deepEqual([again.status, again.headers.get('idempotent-replayed')], [200, 'true']);
    await device.assertBooks(own.url);
  });

  it('before the write arrives: E500, nothing is done, and the identical request succeeds', async () => {
    const device = await Witnessed.add(service.url, 'never-written');
    proxy.cutNext('rotation_write', 'request');
    const update = device.newUpdate();
    assert.equal((await device.send(update)).status, 500);
    assert.equal(await rotationsOf(device), 0);
    const again = await device.send(update);
    assert.deepEqual([again.status, again.headers.get('idempotent-replayed')], [200, null]);
    await device.assertBooks(own.url);
  });
});
