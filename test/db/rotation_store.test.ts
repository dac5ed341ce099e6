import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'mocha';
import type { Database } from '../../src/db/database.ts';
import { DeviceStore } from '../../src/db/device.ts';
import { RotationStore } from '../../src/db/rotation.ts';
import type { NewRotation } from '../../src/db/rotation.ts';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { ORIGIN, addDevice, contentOf, newKey, newRotation, openDatabase, rowsOf } from './fixtures/rotations.ts';

describe('RotationStore', () => {
  let own: TestDatabase;
  let database: Database;
  let store: RotationStore;
  before(async () => {
    own = await createDatabase();
    database = await openDatabase(own.url);
    store = new RotationStore(database.run);
  });
  after(async () => {
    await database[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });

  it('reads nothing of a device that there is not', async () => {
    assert.equal(await store.read({ deviceId: 'nobody', jwtSha256: randomBytes(32), jti: 'a' }), undefined);
  });

  it('reads a device without a key', async () => {
    const device = { deviceId: 'keyless', projectId: 'default', nodeId: '', productId: '', scopes: [], updatesAllowed: false, key: undefined, secret: undefined };
    assert.equal(await new DeviceStore(database).create(device, ORIGIN), 'created');
    assert.deepEqual(await store.read({ deviceId: 'keyless', jwtSha256: randomBytes(32), jti: 'a' }), {
      frozen: false, updatesAllowed: false, currentSpki: undefined, currentThumbprint: undefined, jtiUsed: false,
      committed: undefined, limitReachedBy: undefined,
    });
  });

  it('replaces the key with its history, jti, rotation, audit and outbox rows', async () => {
    const [old, to] = [await addDevice(database, 'turns'), newKey()];
    const rotation = newRotation('turns', old, to);
    const state = await store.read(rotation);
    assert.deepEqual(state, {
      frozen: false, updatesAllowed: true, currentSpki: old.spki, currentThumbprint: old.thumbprint, jtiUsed: false,
      committed: undefined, limitReachedBy: undefined,
    });
    assert.equal(await store.write(rotation, ORIGIN), 'rotated');
    assert.deepEqual(await store.read(rotation), {
      ...state, currentSpki: to.spki, currentThumbprint: to.thumbprint, jtiUsed: true,
      committed: { rotationId: rotation.rotationId, newThumbprint: to.thumbprint, replacedSpki: old.spki },
    });
    assert.deepEqual(
      await rowsOf(own.url, "select thumbprint, state, activated_at, retired_at, rotation_id from public_key where device_id = 'turns' order by ordinal"),
      [
        { thumbprint: old.thumbprint, state: 'RETIRED', activated_at: ORIGIN.at, retired_at: ORIGIN.at, rotation_id: null },
        { thumbprint: to.thumbprint, state: 'CURRENT', activated_at: ORIGIN.at, retired_at: null, rotation_id: rotation.rotationId },
      ],
    );
    const details = { jti: rotation.jti, old_thumbprint: old.thumbprint, new_thumbprint: to.thumbprint };
    assert.deepEqual(
      await rowsOf(own.url, "select occurred_at, project_id, action, actor, request_id, peer, details from audit_event where device_id = 'turns' order by event_id desc limit 1"),
      [{ occurred_at: ORIGIN.at, project_id: 'default', action: 'device_key.rotated', actor: 'device', request_id: 'request-1', peer: '192.0.2.1', details }],
    );
    assert.deepEqual(
      await rowsOf(own.url, "select type, payload from outbox where device_id = 'turns' order by event_id desc limit 1"),
      [{ type: 'device_key.rotated', payload: details }],
    );
    assert.deepEqual(await rowsOf(own.url, "select jti, thumbprint, used_at from used_jti where device_id = 'turns'"), [
      { jti: rotation.jti, thumbprint: old.thumbprint, used_at: ORIGIN.at },
    ]);
    assert.deepEqual(await rowsOf(own.url, "select updated_at from device where device_id = 'turns'"), [{ updated_at: ORIGIN.at }]);
  });

  it('keeps jti, rotations and hashes of devices apart', async () => {
    const [a, b] = [await addDevice(database, 'apart-a'), await addDevice(database, 'apart-b')];
    const first = newRotation('apart-a', a, newKey());
    assert.equal(await store.write(first, ORIGIN), 'rotated');
    const same = { ...newRotation('apart-b', b, newKey()), jti: first.jti, jwtSha256: first.jwtSha256 };
    assert.deepEqual(await store.read(same).then((state) => [state?.jtiUsed, state?.committed]), [false, undefined]);
    assert.equal(await store.write(same, ORIGIN), 'rotated');
  });

  const refused = async (deviceId: string, expected: string, rotation: NewRotation): Promise<void> => {
    const content = await contentOf(own.url);
    assert.equal(await store.write(rotation, ORIGIN), expected, deviceId);
    assert.deepEqual(await contentOf(own.url), content);
  };

  describe('changes nothing at all', () => {
    it('when there is no such device', async () => {
      await refused('nobody', 'overtaken', newRotation('nobody', newKey(), newKey()));
    });

    it('when the old key is no longer the current one', async () => {
      const old = await addDevice(database, 'overtaken');
      await store.write(newRotation('overtaken', old, newKey()), ORIGIN);
      await refused('overtaken', 'overtaken', newRotation('overtaken', old, newKey()));
    });

    it('when the device is frozen', async () => {
      const old = await addDevice(database, 'frozen');
      await new DeviceStore(database).setState('frozen', 'FROZEN', ORIGIN);
      await refused('frozen', 'overtaken', newRotation('frozen', old, newKey()));
    });

    it('when the device may not update', async () => {
      const old = await addDevice(database, 'forbidden', false);
      await refused('forbidden', 'overtaken', newRotation('forbidden', old, newKey()));
    });

    it('when the new key is, or was, the key of any device', async () => {
      const [old, other] = [await addDevice(database, 'reuses'), await addDevice(database, 'reused')];
      await store.write(newRotation('reused', other, newKey()), ORIGIN);
      await refused('reuses', 'key_known', newRotation('reuses', old, other));
      await refused('reuses', 'key_known', newRotation('reuses', old, old));
      await new DeviceStore(database).remove('reused', ORIGIN);
      await refused('reuses', 'key_known', newRotation('reuses', old, other));
    });

    it('when the jti was used', async () => {
      const [old, next] = [await addDevice(database, 'repeats'), newKey()];
      const first = newRotation('repeats', old, next);
      await store.write(first, ORIGIN);
      await refused('repeats', 'jti_used', newRotation('repeats', next, newKey(), first.jti));
      await refused('repeats', 'jti_used', { ...newRotation('repeats', next, newKey()), jwtSha256: first.jwtSha256 });
    });
  });

  it('finds the oldest of the latest rotations within the window', async () => {
    const keys = [await addDevice(database, 'limited'), newKey(), newKey(), newKey()];
    const times = [1, 2, 3].map((minute) => new Date(`2026-01-02T00:0${minute}:00Z`));
    for (const [index, at] of times.entries()) {
      const [from, to] = [keys[index] ?? assert.fail(), keys[index + 1] ?? assert.fail()];
      assert.equal(await store.write(newRotation('limited', from, to), { ...ORIGIN, at }), 'rotated');
    }
    const key = { deviceId: 'limited', jwtSha256: randomBytes(32), jti: 'unused' };
    const reached = async (count: number, since: string): Promise<Date | undefined> =>
      (await store.read(key, { count, since: new Date(since) }))?.limitReachedBy;
    assert.deepEqual(await reached(3, '2026-01-02T00:00:00Z'), times[0]);
    assert.deepEqual(await reached(2, '2026-01-02T00:00:00Z'), times[1]);
    assert.deepEqual(await reached(1, '2026-01-02T00:00:00Z'), times[2]);
    assert.equal(await reached(4, '2026-01-02T00:00:00Z'), undefined);
    assert.equal(await reached(3, '2026-01-02T00:01:00Z'), undefined);
    assert.equal(await reached(1, '2026-01-02T00:03:00Z'), undefined);
  });
});
