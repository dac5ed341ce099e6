import assert from 'node:assert/strict';
import { assertAnswer } from '../wire/answer.ts';
import type { Want } from '../wire/answer.ts';
import { makeUpdate } from '../wire/harness.ts';
import type { Update } from '../wire/harness.ts';
import { thumbprintOf } from '../wire/jwt.ts';
import { createDevice, deleteDevice, freezeDevice, operate, unfreezeDevice } from '../wire/operator.ts';
import type { OperatorCall } from '../wire/operator.ts';
import { withBench } from '../wire/rows.ts';
import { assertConsistent, crowd, wantOf } from './crowd.ts';

const ROUNDS = 24;

describe('races: a rotation against the operator', () => {
  const bench = withBench();
  afterEach(() => assertConsistent(bench()));

  /** Eight JWTs of a device against one call of the operator, in many rounds at once. */
  async function against(call: OperatorCall['method'], check: (updates: readonly Update[], wants: readonly Want[]) => Promise<void>): Promise<void> {
    const calls = { freezeDevice, deleteDevice } as Record<string, (request: Record<string, unknown>) => OperatorCall>;
    const rounds = Array.from({ length: ROUNDS }, async (_, index) => {
      const device = await bench().device();
      const updates = Array.from({ length: 8 }, () => makeUpdate(device));
      const half = updates.length / 2;
      const [first, done, second] = await Promise.all([
        crowd(bench(), updates.slice(0, half)),
        operate(bench(), index % 2 === 0 ? 'rest' : 'grpc', calls[call]?.({ device_id: device.id }) ?? freezeDevice()),
        crowd(bench(), updates.slice(half)),
      ]);
      assert.ok(done.status === 200 || done.status === 0, done.body);
      await check(updates, [...first, ...second].map(wantOf));
    });
    await Promise.all(rounds);
  }

  it('freeze: at most one 200, the others E401 or E403; frozen at the end with the key of the winner', async () => {
    await against('freezeDevice', async (updates, wants) => {
      const winners = updates.filter((_, index) => wants[index] === 'OK');
      assert.ok(winners.length <= 1 && wants.every((want) => ['OK', 'E401', 'E403'].includes(want)), wants.join());
      const device = updates[0]?.device;
      assert.ok(device);
      const { current, rotations } = await bench().stored(device.id);
      assert.deepEqual([current, rotations], [thumbprintOf(winners[0]?.next ?? device.pair), winners.length]);
      const { rows } = await bench().sql.query('select state from device where device_id = $1', [device.id]);
      assert.deepEqual(rows, [{ state: 'FROZEN' }]);
      const good = makeUpdate({ ...device, pair: winners[0]?.next ?? device.pair });
      assertAnswer(await bench().sendUpdate('rest', good), 'E403', { reason: 'DEVICE_FROZEN' });
      await operate(bench(), 'grpc', unfreezeDevice({ device_id: device.id }));
      assertAnswer(await bench().sendUpdate('rest', good), 'OK');
    });
  });

  it('remove: at most one 200, the others E401; no CURRENT key is left, the history is whole', async () => {
    await against('deleteDevice', async (updates, wants) => {
      const winners = updates.filter((_, index) => wants[index] === 'OK');
      assert.ok(winners.length <= 1 && wants.every((want) => want === 'OK' || want === 'E401'), wants.join());
      const device = updates[0]?.device;
      assert.ok(device);
      const { rows } = await bench().sql.query<{ thumbprint: string; state: string }>('select thumbprint, state from public_key where device_id = $1 order by ordinal', [device.id]);
      const expected = winners[0] === undefined ? [[device.pair, 'REVOKED'] as const] : [[device.pair, 'RETIRED'] as const, [winners[0].next, 'REVOKED'] as const];
      assert.deepEqual(rows.map(({ thumbprint, state }) => [thumbprint, state]), expected.map(([pair, state]) => [thumbprintOf(pair), state]));
      const events = await bench().sql.query<{ action: string }>('select action from audit_event where device_id = $1 order by event_id', [device.id]);
      const rotated = winners.length > 0 ? ['device_key.rotated'] : [];
      assert.deepEqual(events.rows.map(({ action }) => action), ['device.created', ...rotated, 'device.removed']);
    });
  });

  it('identical JWTs against a freeze: never two rotations, and 200 only while active', async () => {
    const rounds = Array.from({ length: ROUNDS }, async () => {
      const update = makeUpdate(await bench().device());
      const [answers] = await Promise.all([
        crowd(bench(), Array.from({ length: 8 }, () => update)),
        operate(bench(), 'grpc', freezeDevice({ device_id: update.device.id })),
      ]);
      const wants = answers.map(wantOf);
      assert.ok(wants.filter((want) => want === 'OK').length <= 1 && wants.every((want) => ['OK', 'REPLAYED', 'E401', 'E403'].includes(want)), wants.join());
      assert.ok(!wants.includes('REPLAYED') || wants.includes('OK'), wants.join());
      const { rotations, audits, outbox } = await bench().stored(update.device.id);
      const count = wants.includes('OK') ? 1 : 0;
      assert.deepEqual([rotations, audits, outbox], [count, count, count]);
    });
    await Promise.all(rounds);
  });

  it('64 registrations of one id: one 200, 63 times 409; 64 removals: one 200, 63 times 404', async () => {
    const all = (call: OperatorCall) => Promise.all(Array.from({ length: 64 }, (_, index) => operate(bench(), index % 2 === 0 ? 'rest' : 'grpc', call)));
    const created = await all(createDevice({ device_id: 'one' }));
    assert.deepEqual(created.filter(({ reason }) => reason === 'DEVICE_EXISTS').length, 63);
    const removed = await all(deleteDevice({ device_id: 'one' }));
    assert.deepEqual(removed.filter(({ reason }) => reason === 'DEVICE_NOT_FOUND').length, 63);
    const { rows } = await bench().sql.query("select action from audit_event where device_id = 'one' order by event_id");
    assert.deepEqual(rows, [{ action: 'device.created' }, { action: 'device.removed' }]);
  });

  it('64 freezes and unfreezes: the trail alternates', async () => {
    const { id } = await bench().device();
    await Promise.all(Array.from({ length: 64 }, (_, index) => operate(bench(), index % 3 === 0 ? 'rest' : 'grpc', (index % 2 === 0 ? freezeDevice : unfreezeDevice)({ device_id: id }))));
    const { rows } = await bench().sql.query<{ action: string }>('select action from audit_event where device_id = $1 order by event_id offset 1', [id]);
    const actions = rows.map(({ action }) => action);
    assert.equal(actions[0], 'device.frozen');
    const frozen = actions.filter((action) => action === 'device.frozen').length;
    const state = frozen > actions.length - frozen ? 'FROZEN' : 'ACTIVE';
    assert.ok(frozen - (actions.length - frozen) <= 1 && frozen >= actions.length - frozen, actions.join());
    assert.deepEqual((await bench().sql.query('select state from device where device_id = $1', [id])).rows, [{ state }]);
  });
});
