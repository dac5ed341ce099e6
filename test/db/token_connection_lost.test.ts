import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { Database } from '../../src/db/database.ts';
import { DeviceJwtStore } from '../../src/db/device_jwt.ts';
import { DeviceTokenStore } from '../../src/db/device_token.ts';
import { Unavailable } from '../../src/unavailable.ts';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { firstToken, issued, newSpent, newToken } from './fixtures/device_tokens.ts';
import { startProxy } from './fixtures/postgres_proxy.ts';
import type { PostgresProxy } from './fixtures/postgres_proxy.ts';
import { ORIGIN, addDevice, lockDevice, openDatabase, rowsOf, waitingBackends } from './fixtures/rotations.ts';

/** A call that writes: its statement, what reads its outcome back, and a call that may be made again and again. */
interface Write {
  readonly statement: string;
  readonly readBack: string;
  readonly done: string;
  /** What the identical call resolves to once the first one is done. */
  readonly again: string;
  /** Resolves to a call for a device. */
  readonly prepare: (deviceId: string) => Promise<() => Promise<string>>;
}

/** All that a device leaves. */
const LEFT = `select (select count(*)::int from used_jti where device_id = $1) as jtis, (select count(*)::int from device_token where device_id = $1) as tokens,
  (select coalesce(sum(renewals), 0)::int from device_token_chain where device_id = $1) as renewals,
  (select count(*)::int from audit_event where device_id = $1 and action <> 'device.created') as audits`;

describe('a token or a check of a JWT whose connection is lost', () => {
  let own: TestDatabase;
  let proxy: PostgresProxy;
  let database: Database;
  let tokens: DeviceTokenStore;
  let jwts: DeviceJwtStore;
  before(async () => {
    own = await createDatabase();
    proxy = await startProxy(own.url);
    database = await openDatabase(proxy.url);
    tokens = new DeviceTokenStore(database.run);
    jwts = new DeviceJwtStore(database.run);
  });
  after(async () => {
    await database[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });
  beforeEach(() => proxy.restore());

  const WRITES: Readonly<Record<string, Write>> = {
    'a new token': {
      statement: 'device_token_issue', readBack: 'device_token_exists', done: 'spent', again: 'jti_used',
      async prepare(deviceId) {
        const spent = newSpent(deviceId, await addDevice(database, deviceId));
        return () => tokens.issue(spent, firstToken(), ORIGIN);
      },
    },
    'a renewal': {
      statement: 'device_token_renew', readBack: 'device_token_exists', done: 'renewed', again: 'exhausted',
      async prepare(deviceId) {
        const earlier = await issued(tokens, deviceId, await addDevice(database, deviceId));
        return () => tokens.renew(earlier, newToken(), 1, ORIGIN);
      },
    },
    'a check': {
      statement: 'device_jwt_spend', readBack: 'device_jwt_is_own', done: 'spent', again: 'jti_used',
      async prepare(deviceId) {
        const spent = newSpent(deviceId, await addDevice(database, deviceId));
        return () => jwts.spend(spent, ORIGIN);
      },
    },
  };

  let serial = 0;
  const newId = (): string => `lost-${(serial += 1)}`;
  const leftOf = async (deviceId: string): Promise<unknown> => (await rowsOf(own.url, LEFT, [deviceId]))[0];
  const auditsOf = async (deviceId: string): Promise<number> => (await rowsOf<{ audits: number }>(own.url, LEFT, [deviceId]))[0]?.audits ?? -1;

  for (const [name, { statement, readBack, done, again, prepare }] of Object.entries(WRITES)) {
    it(`${name}, after the commit, is read back on a new connection, and has succeeded`, async () => {
      const deviceId = newId();
      const make = await prepare(deviceId);
      const audits = await auditsOf(deviceId);
      proxy.asked.length = 0;
      proxy.cutNext(statement, 'reply');
      assert.equal(await make(), done);
      assert.deepEqual(proxy.ran(), [statement, readBack]);
      assert.equal(await auditsOf(deviceId), audits + 1);
      assert.equal(await make(), again);
      assert.equal(await auditsOf(deviceId), audits + 1);
    });

    it(`${name}, before the server got it, has used up nothing, and the same again succeeds`, async () => {
      const deviceId = newId();
      const make = await prepare(deviceId);
      const untouched = await leftOf(deviceId);
      proxy.cutNext(statement, 'request');
      await assert.rejects(make(), Unavailable);
      assert.deepEqual(await leftOf(deviceId), untouched);
      assert.equal(await make(), done);
    });

    it(`${name}, because its backend was terminated while it waited, has used up nothing`, async () => {
      const deviceId = newId();
      const make = await prepare(deviceId);
      const untouched = await leftOf(deviceId);
      const lock = await lockDevice(own.url, deviceId);
      const write = assert.rejects(make(), Unavailable);
      const [pid] = await waitingBackends(own.url, 1);
      await rowsOf(own.url, 'select pg_terminate_backend($1)', [pid]);
      await write;
      await lock.release();
      assert.deepEqual(await leftOf(deviceId), untouched);
      assert.equal(await make(), done);
    });

    it(`${name}, while it waited, may still commit: it is unknown, and happens once at most`, async () => {
      const deviceId = newId();
      const make = await prepare(deviceId);
      const audits = await auditsOf(deviceId);
      const lock = await lockDevice(own.url, deviceId);
      proxy.cutNext(statement, 'running');
      await assert.rejects(make(), Unavailable);
      await lock.release();
      // Whether the orphaned backend noticed is the server's affair; the row lock orders it before or never.
      assert.ok([done, again].includes(await make()));
      assert.equal(await make(), again);
      assert.equal(await auditsOf(deviceId), audits + 1);
    });

    it(`${name}, with the whole database, is refused as unavailable`, async () => {
      const deviceId = newId();
      const make = await prepare(deviceId);
      const lock = await lockDevice(own.url, deviceId);
      const write = assert.rejects(make(), Unavailable);
      await waitingBackends(own.url, 1);
      proxy.stop();
      await write;
      await lock.release();
      proxy.restore();
      assert.ok([done, again].includes(await make()));
    });
  }

  it('is never taken for done because another has used the JWT at the same moment', async () => {
    const deviceId = newId();
    const spent = newSpent(deviceId, await addDevice(database, deviceId));
    assert.equal(await jwts.spend(spent, ORIGIN), 'spent');
    for (const statement of ['device_jwt_spend', 'device_token_issue']) {
      proxy.cutNext(statement, 'request');
      await assert.rejects(statement === 'device_jwt_spend' ? jwts.spend(spent, ORIGIN) : tokens.issue(spent, firstToken(), ORIGIN), Unavailable);
    }
    assert.deepEqual(await leftOf(deviceId), { jtis: 1, tokens: 0, renewals: 0, audits: 1 });
  });

  it('counts a JWT once, whoever of many loses a connection and whenever', async () => {
    for (const cuts of [['reply', 'request'], ['request', 'reply'], ['reply', 'reply', 'reply'], ['running', 'reply']] as const) {
      const deviceId = newId();
      const spent = newSpent(deviceId, await addDevice(database, deviceId));
      for (const cut of cuts) proxy.cutNext('device_jwt_spend', cut);
      const results = await Promise.all(Array.from({ length: 16 }, () => jwts.spend(spent, ORIGIN).catch((error: unknown) => {
        assert.ok(error instanceof Unavailable);
        return 'unknown';
      })));
      const counted = results.filter((result) => result === 'spent').length;
      assert.ok(counted <= 1, results.join());
      assert.equal(counted === 1 || results.includes('unknown'), true, results.join());
      assert.equal(await jwts.spend(spent, ORIGIN), 'jti_used');
      assert.deepEqual(await leftOf(deviceId), { jtis: 1, tokens: 0, renewals: 0, audits: 1 });
    }
  });
});
