import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { Witnessed } from '../faults/fixtures/traffic.ts';
import { execute } from '../support/postgres.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { auditBooks, keysOnTwoDevices } from './books.ts';
import type { Audit, Witness } from './books.ts';

const LAST = 'order by event_id desc limit 1';

/** Each does to the books of `device` what no fault may do to them, and names what must be found. */
const DAMAGES: readonly (readonly [what: string, text: string])[] = [
  ['outbox', `delete from outbox where event_id = (select event_id from outbox where device_id = $device ${LAST})`],
  ['audit', `delete from audit_event where event_id = (select event_id from audit_event where device_id = $device ${LAST})`],
  ['audit', `update audit_event set details = replace(details::text, '"jti":"', '"jti":"x')::json where device_id = $device`],
  ['outbox', `insert into outbox (occurred_at, project_id, device_id, type, payload)
    select occurred_at, project_id, device_id, type, payload from outbox where device_id = $device ${LAST}`],
  ['used jti', 'delete from used_jti where ctid = (select ctid from used_jti where device_id = $device limit 1)'],
  ['keys', "update public_key set state = 'CURRENT' where device_id = $device"],
  ['keys', "delete from public_key where device_id = $device and state = 'RETIRED'"],
  ['current key', "update device set current_key = repeat('0', 64) where device_id = $device"],
  ['length of the chain', "update rotation set old_thumbprint = repeat('1', 64) where device_id = $device"],
];

describe('the audit of the books', () => {
  let service: TestService;
  let devices = 0;
  before(async () => {
    service = await startService();
  });
  after(() => service[Symbol.asyncDispose]());

  async function rotatedTwice(): Promise<Witness> {
    devices += 1;
    const device = await Witnessed.add(service.url, `d-${devices}`);
    await device.send(device.newUpdate());
    await device.send(device.newUpdate());
    await device.assertBooks(service.databaseUrl);
    return device.witness;
  }

  function audit(witness: Witness): Promise<Audit> {
    return auditBooks(service.databaseUrl, witness);
  }

  for (const [what, text] of DAMAGES) {
    it(`finds: ${text.replaceAll(/\s+/g, ' ')}`, async () => {
      const witness = await rotatedTwice();
      await execute(service.databaseUrl, text.replaceAll('$device', `'${witness.deviceId}'`));
      const { faults } = await audit(witness);
      assert.ok(faults.some((fault) => fault.startsWith(`${witness.deviceId}: ${what}: `)), faults.join('\n'));
    });
  }

  it('finds acknowledged rotations that are missing, twice there, or in another order', async () => {
    const witness = await rotatedTwice();
    const [first, second] = witness.acknowledged;
    assert.ok(first !== undefined && second !== undefined);
    const unknown = { old: second.next, next: '0'.repeat(64) };
    for (const acknowledged of [[first, second, unknown], [first, first, second], [second, first]]) {
      const { lost, faults } = await audit({ ...witness, acknowledged });
      assert.deepEqual([lost.length, faults], [1, []]);
    }
  });

  it('finds a key on two devices', async () => {
    const [one, other] = [await rotatedTwice(), await rotatedTwice()];
    assert.deepEqual(await keysOnTwoDevices(service.databaseUrl), []);
    await execute(service.databaseUrl, `update device set current_key = '${one.first}' where device_id = '${other.deviceId}'`);
    assert.deepEqual(await keysOnTwoDevices(service.databaseUrl), [one.first]);
  });
});
