import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { CALLERS, assertAnswers, assertConsistent, wantOf } from '../races/crowd.ts';
import { WIRES, assertAnswer } from '../wire/answer.ts';
import { assertRotated, assertUntouched, makeUpdate, updated } from '../wire/harness.ts';
import { newPair } from '../wire/jwt.ts';
import { assertDone, freezeDevice, getDevice, operate, unfreezeDevice } from '../wire/operator.ts';
import { withNodes } from './nodes.ts';

const times = <T>(make: (index: number) => T, count = CALLERS): T[] => Array.from({ length: count }, (_, index) => make(index));

describe('two nodes: races and replays', () => {
  const nodes = withNodes();
  afterEach(() => assertConsistent(nodes()));

  it('64 callers with a new key each, over both nodes and both wires: one 200, 63 E401', async () => {
    for (let round = 0; round < 5; round += 1) {
      const device = await nodes().device();
      const updates = times(() => makeUpdate(device));
      const answers = await nodes().crowd(updates);
      assertAnswers(answers, { OK: 1, E401: CALLERS - 1 });
      const winner = updates[answers.findIndex((answer) => wantOf(answer) === 'OK')];
      assert.ok(winner);
      await assertRotated(nodes(), winner);
    }
  });

  it('64 identical requests over both nodes and both wires: one 200 without the header, 63 with it; one rotation', async () => {
    for (let round = 0; round < 5; round += 1) {
      const update = makeUpdate(await nodes().device());
      assertAnswers(await nodes().crowd(times(() => update)), { OK: 1, REPLAYED: CALLERS - 1 });
      await assertRotated(nodes(), update);
    }
  });

  it('two devices and one new key, one at each node: one 200, the other E403', async () => {
    const rounds = times(async () => {
      const next = newPair();
      const updates = [await nodes().device(), await nodes().device()].map((device) => makeUpdate(device, { next }));
      assertAnswers(await nodes().crowd(updates), { OK: 1, E403: 1 });
    }, 20);
    await Promise.all(rounds);
  });

  for (const wire of WIRES) {
    it(`${wire}: an answer that was lost at one node is given again by the other`, async () => {
      const update = makeUpdate(await nodes().device());
      assertAnswer(await nodes().first.sendUpdate(wire, update), 'OK');
      assertAnswer(await nodes().second.sendUpdate(wire, update), 'REPLAYED');
      await assertRotated(nodes(), update);
    });

    it(`${wire}: a spent JWT is refused by the other node after a later rotation, and changes nothing`, async () => {
      const spent = makeUpdate(await nodes().device());
      assertAnswer(await nodes().first.sendUpdate(wire, spent), 'OK');
      assertAnswer(await nodes().first.sendUpdate(wire, makeUpdate(updated(spent))), 'OK');
      const before = await nodes().stored(spent.device.id);
      for (const node of [nodes().second, nodes().first]) assertAnswer(await node.sendUpdate(wire, spent), 'E401');
      assert.deepEqual(await nodes().stored(spent.device.id), before);
    });

    it(`${wire}: a device that is frozen at one node is refused at once by the other, and taken at once when it is not any more`, async () => {
      for (let round = 0; round < 10; round += 1) {
        const device = await nodes().device();
        const update = makeUpdate(device);
        assertDone(await operate(nodes().first, wire, freezeDevice({ device_id: device.id })));
        assertAnswer(await nodes().second.sendUpdate(wire, update), 'E403', { reason: 'DEVICE_FROZEN' });
        await assertUntouched(nodes(), device);
        const shown = assertDone(await operate(nodes().second, wire, getDevice({ device_id: device.id })));
        assert.equal((shown as { state: string }).state, 'FROZEN');
        assertDone(await operate(nodes().second, wire, unfreezeDevice({ device_id: device.id })));
        assertAnswer(await nodes().first.sendUpdate(wire, update), 'OK');
        await assertRotated(nodes(), update);
      }
    });
  }
});
