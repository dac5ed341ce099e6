import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import { DeviceKeySetStore } from '../../src/db/device_key_set.ts';
import { DeviceStore } from '../../src/db/device.ts';
import { RotationStore } from '../../src/db/rotation.ts';
import { withAskedDatabase } from './fixtures/asked_database.ts';
import { ORIGIN, addDevice, newKey, newRotation, rowsOf } from './fixtures/rotations.ts';
import type { Key } from './fixtures/rotations.ts';

const RETIRED = 5_000;
const MOST = 100;

describe('the keys of a device that others read', () => {
  const own = withAskedDatabase(2);
  const sets = new DeviceKeySetStore(own.run);
  let current: Key;
  before(async () => {
    current = await addDevice(own.database, 'old');
    await rowsOf(own.url, `insert into public_key (thumbprint, device_id, state, kind, spki, activated_at, retired_at)
      select lpad(g::text, 64, '0'), 'old', 'RETIRED', 'P-256', int4send(g), $1, $1 from generate_series(1, $2::int) g`, [ORIGIN.at, RETIRED]);
    const next = newKey();
    await new RotationStore(own.run).write(newRotation('old', current, next), ORIGIN);
    current = next;
  });

  const statesOf = async (deviceId: string, most: number): Promise<string[] | undefined> => (await sets.readAll(deviceId, undefined, most))?.map(({ state }) => state);

  it('are the current one, and so many of those before it, newest first', async () => {
    assert.deepEqual(await sets.readCurrent('old', undefined), [{ state: 'CURRENT', spki: current.spki, retiredAt: null }]);
    const set = await sets.readAll('old', 'default', MOST + 1);
    assert.deepEqual(set?.map(({ state }) => state), ['CURRENT', ...Array.from({ length: MOST }, () => 'RETIRED')]);
    const numbers = set.slice(1).map(({ spki }) => spki.readUInt32BE());
    // That which was replaced just now was registered before the others.
    assert.deepEqual(numbers, Array.from({ length: MOST }, (_, index) => RETIRED - index));
    assert.deepEqual(set[1]?.retiredAt, ORIGIN.at);
  });

  it('are without the current one while the device is frozen', async () => {
    await new DeviceStore(own.database).setState('old', 'FROZEN', ORIGIN);
    assert.deepEqual(await sets.readCurrent('old', 'default'), []);
    assert.deepEqual(await statesOf('old', 3), ['RETIRED', 'RETIRED']);
    await new DeviceStore(own.database).setState('old', 'ACTIVE', ORIGIN);
    assert.deepEqual(await statesOf('old', 2), ['CURRENT', 'RETIRED']);
  });

  it('are none of a device without a key, and not those that the device before it had', async () => {
    await addDevice(own.database, 'again');
    await new DeviceStore(own.database).remove('again', ORIGIN);
    assert.equal(await sets.readAll('again', undefined, MOST), undefined);
    await rowsOf(own.url, `insert into device (device_id, project_id, node_id, product_id, state, updates_allowed, scopes, created_at, updated_at, record_id)
      values ('again', 'default', '', '', 'ACTIVE', true, '{}', now(), now(), decode(repeat('ab', 12), 'hex'))`);
    assert.deepEqual(await sets.readAll('again', undefined, MOST), []);
    assert.equal(await sets.readAll('again', 'another', MOST), undefined);
  });

  it('are found without a look at those that are not asked for', async () => {
    const pagesOf = async (most?: number): Promise<number> => {
      let pages = 0;
      const measured = new DeviceKeySetStore(async ({ text }, values) => {
        const [row] = await rowsOf<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(own.url, `explain (analyze, buffers, format json) ${text}`, [...values]);
        const { Plan: plan } = row?.['QUERY PLAN'][0] ?? assert.fail();
        pages = (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
        return [];
      });
      await (most === undefined ? measured.readCurrent('old', undefined) : measured.readAll('old', undefined, most));
      return pages;
    };
    await rowsOf(own.url, 'vacuum analyze public_key');
    await pagesOf();
    assert.ok((await pagesOf()) < 12, String(await pagesOf()));
    assert.ok((await pagesOf(MOST)) < 40, String(await pagesOf(MOST)));
  });
});
