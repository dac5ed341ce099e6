import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { Database } from '../../src/db/database.ts';
import { DeviceExpiryStore } from '../../src/db/device_expiry.ts';
import { IotDeviceWriter } from '../../src/db/iot_device_change.ts';
import { connect, createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { ORIGIN, newKey, openDatabase, rowsOf } from './fixtures/rotations.ts';

const SECRET = { keyId: 'k', box: Buffer.alloc(40), isHexadecimal: true };
const BORN = ORIGIN.at.getTime();

describe('the expiry of devices', () => {
  let own: TestDatabase;
  let database: Database;
  before(async () => {
    own = await createDatabase();
    database = await openDatabase(own.url);
  });
  beforeEach(() => rowsOf(own.url, 'truncate device, device_secret, audit_event, outbox, public_key'));
  after(async () => {
    await database[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });

  /** A device that was made at ORIGIN, whose time is up `timeout` seconds later. */
  async function device(deviceId: string, timeout: number, gatewayId?: string): Promise<void> {
    const made = await new IotDeviceWriter(database).create({
      projectId: 'default', deviceId, nodeId: 'n', productId: 'p', deviceName: undefined, description: undefined, gatewayId, appId: undefined, authType: 'SECRET', fingerprint: undefined,
      secureAccess: true, timeout, extensionInfo: undefined, secret: SECRET,
    }, ORIGIN);
    assert.ok(typeof made === 'object');
  }
  const sweep = (seconds: number): Promise<number> => new DeviceExpiryStore(database).removeDue(new Date(BORN + seconds * 1000));
  const sweepAll = async (seconds: number): Promise<number> => {
    let removed = 0;
    for (let batch = await sweep(seconds); batch > 0; batch = await sweep(seconds)) {
      assert.ok(batch <= 100);
      removed += batch;
    }
    return removed;
  };
  const left = async (): Promise<readonly string[]> => (await rowsOf<{ device_id: string }>(own.url, 'select device_id from device order by 1')).map(({ device_id: id }) => id);

  it('removes what is due with its secrets, and leaves audit and outbox events', async () => {
    await device('never', 0);
    await device('late', 61);
    await device('due', 60);
    assert.equal(await sweep(59), 0);
    assert.equal(await sweep(60), 1);
    assert.equal(await sweep(60), 0);
    assert.deepEqual(await left(), ['late', 'never']);
    assert.deepEqual(await rowsOf(own.url, "select count(*)::int as n from device_secret where device_id = 'due'"), [{ n: 0 }]);
    assert.deepEqual(await rowsOf(own.url, "select actor, request_id, peer, project_id, details from audit_event where device_id = 'due' and action = 'device.removed'"), [
      { actor: 'keyturn', request_id: '', peer: '', project_id: 'default', details: { cause: 'timeout' } },
    ]);
    assert.deepEqual(await rowsOf(own.url, "select type from outbox where device_id = 'due' order by event_id"), [{ type: 'device.created' }, { type: 'device.removed' }, { type: 'session.close' }]);
  });

  it('leaves devices that are active or have a public key, for good', async () => {
    for (const id of ['active', 'keyed', 'due']) await device(id, 60);
    await rowsOf(own.url, "update device set active_at = now() where device_id = 'active'");
    await rowsOf(own.url, "update device set current_key = $1 where device_id = 'keyed'", [newKey().thumbprint]);
    assert.equal(await sweep(60), 3);
    assert.deepEqual(await left(), ['active', 'keyed']);
    assert.deepEqual(await rowsOf(own.url, 'select expires_at from device'), [{ expires_at: null }, { expires_at: null }]);
  });

  it('leaves a gateway as long as it has children', async () => {
    await device('gateway', 60);
    await device('child', 60, 'gateway');
    assert.equal(await sweep(60), 2);
    assert.deepEqual(await left(), ['gateway']);
    assert.equal(await sweep(3659), 0);
    assert.equal(await sweep(3660), 1);
    assert.deepEqual(await left(), []);
  });

  it('by several nodes at once takes each device once, in batches', async () => {
    const count = 450;
    await rowsOf(own.url, `insert into device (device_id, project_id, node_id, product_id, state, updates_allowed, scopes, created_at, updated_at, record_id, expires_at, timeout)
      select 'due-' || n, 'default', 'n', 'p', 'ACTIVE', true, '{}', $1, $1, decode(lpad(to_hex(n), 24, '0'), 'hex'), $1, 1 from generate_series(1, ${count}) n`, [ORIGIN.at]);
    const removed = await Promise.all(Array.from({ length: 4 }, () => sweepAll(1)));
    assert.equal(removed.reduce((sum, each) => sum + each, 0), count);
    assert.deepEqual(await rowsOf(own.url, "select count(*)::int as n, count(distinct device_id)::int as devices from audit_event where action = 'device.removed'"), [{ n: count, devices: count }]);
  });

  it('passes over what somebody else is at work on', async () => {
    await device('held', 60);
    await device('due', 60);
    const holder = await connect(own.url);
    await holder.query("begin; select from device where device_id = 'held' for no key update");
    assert.equal(await sweep(60), 1);
    await holder.query("update device set active_at = now(), expires_at = null where device_id = 'held'; commit");
    await holder.end();
    assert.equal(await sweep(60), 0);
    assert.deepEqual(await left(), ['held']);
  });
});
