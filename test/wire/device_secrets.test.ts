import assert from 'node:assert/strict';
import { parseKeyRing } from '../../src/config/index.ts';
import { KeyRing, placeOf } from '../../src/crypto/key_ring.ts';
import { rowsOf } from '../db/fixtures/rotations.ts';
import { MASTER_KEYS } from '../support/service.ts';
import { execute } from '../support/postgres.ts';
import { WIRES } from './answer.ts';
import type { Wire } from './answer.ts';
import { assertDone, assertRefused, createDevice, createProject, deleteDevice, freezeDevice, listDeviceSecrets, operate, unfreezeDevice } from './operator.ts';
import type { OperatorCall } from './operator.ts';
import { withBench } from './rows.ts';

const RING = new KeyRing(parseKeyRing(MASTER_KEYS));
const SECRET = 'Aa0_-Zz9';

describe('the operator API: secrets of devices', () => {
  const bench = withBench();
  const url = (): string => bench().service.databaseUrl;
  const done = async (wire: Wire, call: OperatorCall): Promise<Record<string, unknown>> => assertDone(await operate(bench(), wire, call)) as Record<string, unknown>;
  const storedOf = async (deviceId: string): Promise<string[]> => {
    const rows = await rowsOf<{ slot: string; key_id: string; box: Buffer }>(url(), 'select slot, key_id, box from device_secret where device_id = $1 order by slot', [deviceId]);
    return rows.map(({ slot, key_id: keyId, box }) => `${slot} ${keyId} ${RING.open(placeOf.deviceSecret(deviceId, slot), { keyId, box }).toString()}`);
  };
  const eventsOf = async (deviceId: string): Promise<string[]> => {
    const rows = await rowsOf<{ type: string; payload: object }>(url(), 'select type, payload from outbox where device_id = $1 order by event_id', [deviceId]);
    return rows.map(({ type, payload }) => `${type} ${JSON.stringify(payload)}`);
  };
  const giveTokens = (...deviceIds: string[]): Promise<void> =>
    execute(url(), deviceIds.map((id) => `insert into device_token values (sha256('${id}'), '${id}', now(), now() + interval '1 day')`).join(';'));
  const tokensOf = async (deviceId: string): Promise<number> => (await rowsOf(url(), 'select from device_token where device_id = $1', [deviceId])).length;

  before(() => execute(url(), `
    insert into project (project_id, name, created_at, app_id) values ('narrow', 'Narrow', now(), 'narrow');
    insert into product (project_id, product_id, name, protocol_type, nb_iot, created_at) values
      ('narrow', 'meter', '', 'MQTT', true, now()), ('default', 'meter', '', 'MQTT', false, now())`));

  for (const wire of WIRES) {
    it(`${wire}: a device gets its primary secret, which is stored sealed and never shown`, async () => {
      const id = `secret-${wire}`;
      const created = await done(wire, createDevice({ device_id: id, secret: SECRET }));
      assert.ok(!JSON.stringify(created).includes(SECRET));
      assert.deepEqual(await storedOf(id), [`PRIMARY tests ${SECRET}`]);
      for (const each of WIRES) {
        const { secrets } = await done(each, listDeviceSecrets({ device_id: id }));
        const [{ last_used_at: lastUsedAt, ...shown } = {}, ...more] = secrets as Record<string, unknown>[];
        assert.deepEqual([shown, lastUsedAt ?? null, more], [{ slot: 'PRIMARY', set_at: created['created_at'], master_key_id: 'tests' }, null, []]);
      }
      assert.ok(!JSON.stringify(await eventsOf(id)).includes(SECRET));
    });

    it(`${wire}: both secrets are told of, the primary first, and when each was used`, async () => {
      const id = `both-${wire}`;
      await done(wire, createDevice({ device_id: id, secret: SECRET }));
      await execute(url(), `insert into device_secret (device_id, slot, key_id, box, set_at, last_used_at) values ('${id}', 'SECONDARY', 'other', '', '2026-01-02T03:04:05Z', '2026-02-03T04:05:00Z')`);
      const { secrets } = await done(wire, listDeviceSecrets({ device_id: id }));
      assert.deepEqual((secrets as Record<string, unknown>[])[1], {
        slot: 'SECONDARY', set_at: '2026-01-02T03:04:05Z', last_used_at: '2026-02-03T04:05:00Z', master_key_id: 'other',
      });
      assert.equal((secrets as Record<string, unknown>[]).length, 2);
      await execute(url(), `delete from device_secret where device_id = '${id}'`);
    });

    it(`${wire}: no secrets without one, no such device without a device`, async () => {
      await done(wire, createDevice({ device_id: `none-${wire}` }));
      assert.deepEqual(await done(wire, listDeviceSecrets({ device_id: `none-${wire}` })), { secrets: [] });
      assertRefused(await operate(bench(), wire, listDeviceSecrets({ device_id: 'nobody' })), 'DEVICE_NOT_FOUND');
      assertRefused(await operate(bench(), wire, listDeviceSecrets({ device_id: 'a b' })), 'DEVICE_NOT_FOUND');
    });

    it(`${wire}: a secret in another form is refused, and the answer does not quote it`, async () => {
      for (const secret of ['1234567', 'x'.repeat(33), 'with blank', 'um\u00e4laut0', 'dot.dot.dot', '12345678\n', '1234\u00005678', '<script>1']) {
        const answer = await operate(bench(), wire, createDevice({ device_id: `bad-${wire}`, secret }));
        assertRefused(answer, 'INVALID_ARGUMENT', ['secret']);
        assert.ok(!answer.body.includes(secret));
      }
      for (const secret of ['12345678', 'x'.repeat(32)]) await done(wire, createDevice({ device_id: `good-${secret.length}-${wire}`, secret }));
      assert.deepEqual(await storedOf(`bad-${wire}`), []);
    });

    it(`${wire}: devices of an NB-IoT product have hexadecimal secrets of either case`, async () => {
      const meter = { project_id: 'narrow', product_id: 'meter' };
      for (const secret of ['0123456g', '-1234567']) {
        assertRefused(await operate(bench(), wire, createDevice({ device_id: `nb-${wire}`, secret, ...meter })), 'INVALID_ARGUMENT', ['secret']);
      }
      assert.deepEqual(await eventsOf(`nb-${wire}`), []);
      await done(wire, createDevice({ device_id: `nb-${wire}`, secret: '0123abCD', ...meter }));
      assert.deepEqual(await storedOf(`nb-${wire}`), ['PRIMARY tests 0123abCD']);
      await done(wire, createDevice({ device_id: `nb-none-${wire}`, ...meter }));
      await done(wire, createDevice({ device_id: `mq-${wire}`, secret: '0123456g', product_id: 'meter' }));
      await done(wire, createDevice({ device_id: `un-${wire}`, secret: '0123456g', project_id: 'narrow', product_id: 'unlisted' }));
    });

    it(`${wire}: a device that is there keeps its secret`, async () => {
      const id = `kept-${wire}`;
      await done(wire, createDevice({ device_id: id, secret: SECRET }));
      assertRefused(await operate(bench(), wire, createDevice({ device_id: id, secret: 'another-one' })), 'DEVICE_EXISTS');
      assertRefused(await operate(bench(), wire, createDevice({ device_id: `gone-${id}`, secret: SECRET, project_id: 'nowhere' })), 'PROJECT_NOT_FOUND');
      assert.deepEqual([await storedOf(id), await storedOf(`gone-${id}`)], [[`PRIMARY tests ${SECRET}`], []]);
    });

    it(`${wire}: freezing ends session and tokens of the device, once; its secret stays`, async () => {
      const [id, other] = [`cold-${wire}`, `warm-${wire}`];
      for (const each of [id, other]) await done(wire, createDevice({ device_id: each, secret: SECRET }));
      await giveTokens(id, other);
      await done(wire, freezeDevice({ device_id: id }));
      await done(wire, freezeDevice({ device_id: id }));
      assert.deepEqual([await tokensOf(id), await tokensOf(other)], [0, 1]);
      await giveTokens(id);
      await done(wire, unfreezeDevice({ device_id: id }));
      assert.equal(await tokensOf(id), 1, 'unfreezing ends nothing');
      assert.deepEqual(await eventsOf(id), ['device.created {}', 'device.frozen {}', 'session.close {}', 'device.unfrozen {}']);
      assert.deepEqual(await storedOf(id), [`PRIMARY tests ${SECRET}`]);
    });

    it(`${wire}: removing takes secrets, tokens and answers kept for retries along, and ends the session`, async () => {
      const [id, other] = [`left-${wire}`, `stays-${wire}`];
      await done(wire, createProject({ project_id: `p-${wire}`, name: 'P' }));
      for (const each of [id, other]) {
        await done(wire, createDevice({ device_id: each, secret: SECRET, project_id: `p-${wire}` }));
        await execute(url(), `insert into idempotency_record values ('${each}', 'resetSecret', 'k', '', 'tests', '', now(), now())`);
      }
      await giveTokens(id, other);
      const rows = async (of: string): Promise<number[]> => [
        (await storedOf(of)).length, await tokensOf(of), (await rowsOf(url(), 'select from idempotency_record where device_id = $1', [of])).length,
      ];
      await done(wire, deleteDevice({ device_id: id }));
      assert.deepEqual([await rows(id), await rows(other)], [[0, 0, 0], [1, 1, 1]]);
      assert.deepEqual(await eventsOf(id), ['device.created {}', 'device.removed {}', 'session.close {}']);
      const projects = await rowsOf(url(), "select distinct project_id from outbox where device_id = $1", [id]);
      assert.deepEqual(projects, [{ project_id: `p-${wire}` }]);
      await execute(url(), `delete from idempotency_record where device_id = '${other}'`);
    });
  }
});
