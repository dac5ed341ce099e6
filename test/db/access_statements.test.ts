import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Database } from '../../src/db/database.ts';
import { DeviceAccess, DeviceAccessStore } from '../../src/db/device_access.ts';
import { EventStore } from '../../src/db/event.ts';
import { expiryJobs } from '../../src/db/expiry.ts';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { QUERY, assertIndexed } from './fixtures/plans.ts';
import { startProxy } from './fixtures/postgres_proxy.ts';
import type { PostgresProxy } from './fixtures/postgres_proxy.ts';
import { ORIGIN, addDevice, openDatabase } from './fixtures/rotations.ts';

const NOW = new Date();
const USE = { slot: 'PRIMARY', box: Buffer.alloc(40) } as const;
const TOKEN = { version: '1', tokenSha256: Buffer.alloc(32), expiresAt: NOW, othersExpireAt: NOW };
const WINDOW = { after: '1:1:', upto: '9:9:', first: 0n, last: 9n };

/** An attempt that fails for the first time. */
function repeated(): () => Promise<boolean | undefined> {
  let attempts = 0;
  return async () => {
    attempts += 1;
    return attempts > 1 || undefined;
  };
}

describe('statements of access, events and expiry', () => {
  let own: TestDatabase;
  let proxy: PostgresProxy;
  let database: Database;
  const texts = new Map<string, string>();
  before(async () => {
    own = await createDatabase();
    proxy = await startProxy(own.url);
    database = await openDatabase(proxy.url, 2);
    await addDevice(database, 'planned');
  });
  after(async () => {
    await database[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });
  const access = (deviceId = 'planned'): DeviceAccess => new DeviceAccess(database.run, deviceId);
  const events = (): EventStore => new EventStore(database.run);

  const CALLS: readonly (readonly [names: readonly string[], keyed: boolean, work: () => Promise<unknown>])[] = [
    [['device_access_read'], true, () => access().read(NOW)],
    [['device_access_use'], true, () => access().use(USE, ORIGIN)],
    [['device_access_issue'], true, () => access().issue(USE, TOKEN, ORIGIN)],
    [['device_access_lock_device', 'device_access_lock_secrets'], true, () => new DeviceAccessStore(database).settle('planned', repeated())],
    // The greatest event id has no key to look up.
    [['event_now'], false, () => events().now()],
    [['event_open'], false, () => events().open('5:9:5,7')],
    [['event_read'], true, () => events().read(WINDOW, 0n, { projectId: 'default', deviceId: 'planned' })],
    [[
      'idempotency_record_expiry', 'iam_token_expiry', 'device_token_expiry', 'device_token_chain_expiry', 'used_signature_expiry', 'identity_revocation_expiry',
      'identity_job_expiry', 'sending_budget_expiry', 'message_expiry',
    ], true, async () => {
      for (const job of expiryJobs(database.run)) await job.run(NOW);
    }],
  ];

  for (const [names, keyed, work] of CALLS) {
    it(`${names.join(', ')}: prepared, once each, by an index`, async () => {
      proxy.asked.length = 0;
      await work();
      for (const { kind, name, text } of proxy.asked) if (kind === 'parse') texts.set(name, text);
      assert.deepEqual(proxy.asked.filter(({ kind }) => kind === 'bind').map(({ name }) => name), names);
      for (const name of names) {
        const text = texts.get(name) ?? '';
        assert.match(text, QUERY);
        await assertIndexed(own.url, text, keyed);
      }
    });
  }

  it('hold no value in their text', async () => {
    const hush = 'hush-0123456789';
    proxy.asked.length = 0;
    await access(hush).read(NOW);
    await access(hush).use({ slot: 'PRIMARY', box: Buffer.from(hush) }, ORIGIN);
    await access(hush).issue({ slot: 'PRIMARY', box: Buffer.from(hush) }, { ...TOKEN, tokenSha256: Buffer.from(hush) }, ORIGIN);
    await events().read(WINDOW, 0n, { projectId: hush, deviceId: hush });
    assert.equal(proxy.asked.filter(({ kind }) => kind === 'bind').length, 4);
    assert.deepEqual(proxy.asked.filter(({ text }) => text.includes(hush)), []);
  });
});
