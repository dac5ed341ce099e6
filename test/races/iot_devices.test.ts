import assert from 'node:assert/strict';
import { WIRES } from '../wire/answer.ts';
import type { Answer } from '../wire/answer.ts';
import { add, ask, assertIotDone, assertIotRefused, freeze, remove, resetFingerprint, show, unfreeze, update } from '../wire/iot_device.ts';
import type { IotCall } from '../wire/iot_device.ts';
import { withBench } from '../wire/rows.ts';
import { CALLERS, assertConsistent } from './crowd.ts';

const ROUNDS = 32;

describe('races: devices over the IoTDA API', () => {
  const bench = withBench();
  afterEach(() => assertConsistent(bench()));
  const all = (calls: readonly IotCall[]): Promise<Answer[]> => Promise.all(calls.map((call, index) => ask(bench(), WIRES[index % WIRES.length] ?? 'rest', call)));
  const many = (call: IotCall): Promise<Answer[]> => all(Array.from({ length: CALLERS }, () => call));
  const actions = async (device: string): Promise<readonly string[]> => {
    const { rows } = await bench().sql.query<{ action: string }>('select action from audit_event where device_id = $1 order by event_id', [device]);
    return rows.map(({ action }) => action);
  };
  let serial = 0;
  const device = async (): Promise<string> => {
    const id = `device-${(serial += 1)}`;
    assertIotDone(await ask(bench(), 'rest', add({ device_id: id, node_id: 'n', product_id: 'p' })), 201);
    return id;
  };

  it('64 AddDevice of one id: one 201, 63 times 014031; the secret in force is that of the 201', async () => {
    const answers = await many(add({ device_id: 'one', node_id: 'n', product_id: 'p' }));
    const [made, ...more] = answers.filter(isDone);
    assert.ok(made !== undefined && more.length === 0);
    for (const answer of answers) if (answer !== made) assertIotRefused(answer, '014031');
    assert.equal((await ask(bench(), 'rest', show('one'))).body, made.body);
    assert.deepEqual(await actions('one'), ['device.created', 'device_secret.read']);
  });

  it('64 DeleteDevice: one 204, 63 times 014000', async () => {
    const id = await device();
    const answers = await many(remove(id));
    assert.equal(answers.filter(isDone).length, 1);
    for (const answer of answers) if (!isDone(answer)) assertIotRefused(answer, '014000');
    assert.deepEqual(await actions(id), ['device.created', 'device.removed']);
  });

  it('a child against the removal of its parent: never a child without a parent', async () => {
    const outcomes = await Promise.all(Array.from({ length: ROUNDS }, async () => {
      const parent = await device();
      const child = add({ device_id: `${parent}-child`, node_id: 'n', product_id: 'p', gateway_id: parent });
      const [added, removed] = await all([child, remove(parent)]);
      assert.ok(added && removed);
      assert.notEqual(isDone(added), isDone(removed));
      if (isDone(added)) assertIotRefused(removed, '014024');
      else assertIotRefused(added, '014000');
      return isDone(added);
    }));
    assert.equal(outcomes.length, ROUNDS);
    const { rows } = await bench().sql.query('select child.device_id from device child left join device parent on parent.device_id = child.gateway_id where child.gateway_id is not null and parent.device_id is null');
    assert.deepEqual(rows, []);
  });

  it('a child of a child against the removal of the child: the levels stay as they are', async () => {
    await Promise.all(Array.from({ length: ROUNDS }, async () => {
      const [top, middle] = [await device(), `middle-${(serial += 1)}`];
      assertIotDone(await ask(bench(), 'grpc', add({ device_id: middle, node_id: 'n', product_id: 'p', gateway_id: top })), 201);
      const [added, removed] = await all([add({ device_id: `${middle}-child`, node_id: 'n', product_id: 'p', gateway_id: middle }), remove(middle)]);
      assert.ok(added && removed);
      assert.notEqual(isDone(added), isDone(removed));
    }));
    const { rows } = await bench().sql.query('select child.device_id from device child left join device parent on parent.device_id = child.gateway_id where child.gateway_id is not null and parent.device_id is null');
    assert.deepEqual(rows, []);
  });

  it('64 FreezeDevice and UnfreezeDevice: 204 or 014040, and the trail alternates', async () => {
    const id = await device();
    const answers = await all(Array.from({ length: CALLERS }, (_, index) => (index % 4 < 2 ? freeze : unfreeze)(id)));
    for (const [index, answer] of answers.entries()) {
      if (index % 4 < 2 || isDone(answer)) assertIotDone(answer, 204);
      else assertIotRefused(answer, '014040');
    }
    const changes = (await actions(id)).slice(1);
    assert.ok(changes.length > 0 && changes.every((action, index) => action === (index % 2 === 0 ? 'device.frozen' : 'device.unfrozen')), changes.join());
    const unfrozen = answers.filter((answer, index) => index % 4 >= 2 && isDone(answer)).length;
    assert.equal(changes.filter((action) => action === 'device.unfrozen').length, unfrozen);
    const { status } = assertIotDone(await ask(bench(), 'rest', show(id)));
    assert.equal(status, changes.length % 2 === 1 ? 'FROZEN' : 'INACTIVE');
    const { rows } = await bench().sql.query("select count(*)::int as closes from outbox where device_id = $1 and type = 'session.close'", [id]);
    assert.deepEqual(rows, [{ closes: changes.filter((action) => action === 'device.frozen').length }]);
  });

  it('changes, resets, freezes and a removal at once: 200, 204 or 014000, and nothing is left', async () => {
    await Promise.all(Array.from({ length: ROUNDS }, async () => {
      const id = await device();
      const answers = await all([update(id, { description: 'a' }), resetFingerprint(id, { force_disconnect: true }), freeze(id), remove(id), update(id, { description: 'b' }), resetFingerprint(id), show(id)]);
      for (const answer of answers) {
        if (!isDone(answer)) assertIotRefused(answer, '014000');
      }
      const { rows } = await bench().sql.query('select device_id from device where device_id = $1 union all select device_id from device_secret where device_id = $1', [id]);
      assert.deepEqual(rows, []);
      assert.equal((await actions(id)).filter((action) => action === 'device.removed').length, 1);
    }));
  });

  it('the bodies of two UpdateDevice do not undo each other', async () => {
    const id = await device();
    await all(Array.from({ length: CALLERS }, (_, index) => update(id, index % 2 === 0 ? { description: 'd' } : { device_name: 'n' })));
    const { description, device_name: name } = assertIotDone(await ask(bench(), 'rest', show(id)));
    assert.deepEqual([description, name], ['d', 'n']);
  });
});

function isDone({ status }: Answer): boolean {
  return status === 0 || (status >= 200 && status < 300);
}
