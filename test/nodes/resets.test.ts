import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { CALLERS } from '../races/crowd.ts';
import { WIRES } from '../wire/answer.ts';
import { assertIotdaRefusal } from '../wire/iotda_errors.ts';
import { assertReset, secretsOf, sendReset, storedResetOf } from '../wire/resets.ts';
import { assertDone, createDevice, deleteDevice, operate } from '../wire/operator.ts';
import { withNodes } from './nodes.ts';

describe('two nodes: resets', () => {
  const nodes = withNodes();
  let serial = 0;
  const newDevice = async (): Promise<string> => {
    serial += 1;
    const device = `reset-${serial}`;
    assertDone(await operate(nodes().first, 'rest', createDevice({ device_id: device })));
    return device;
  };
  const nodeAt = (index: number) => (index % 2 === 0 ? nodes().first : nodes().second);

  for (const wire of WIRES) {
    it(`${wire}: ${CALLERS} callers with one key, over both nodes: one reset, ${CALLERS} equal answers`, async () => {
      for (let round = 0; round < 5; round += 1) {
        const device = await newDevice();
        const answers = await Promise.all(Array.from({ length: CALLERS }, (_, index) => sendReset(nodeAt(index), wire, { device, key: 'k' })));
        const [first, ...others] = answers.filter(({ headers }) => !headers.has('idempotent-replayed'));
        assert.ok(first);
        assert.deepEqual(others, []);
        const secret = assertReset(first, device);
        for (const answer of answers) if (answer !== first) assertReset(answer, device, { secret, replayed: true });
        assert.deepEqual(await secretsOf(nodes().sql, device), { PRIMARY: secret });
        assert.deepEqual(await storedResetOf(nodes().sql, device), { audits: 1, events: ['device_secret.reset'], records: 1, slots: ['PRIMARY'] });
      }
    });

    it(`${wire}: an answer that was lost at one node is given again by the other`, async () => {
      const device = await newDevice();
      const secret = assertReset(await sendReset(nodes().first, wire, { device, key: 'k' }), device);
      assertReset(await sendReset(nodes().second, wire, { device, key: 'k' }), device, { secret, replayed: true });
      assertIotdaRefusal(await sendReset(nodes().second, wire, { device, key: 'k', body: { secret_type: 'SECONDARY' } }), '422');
    });

    it(`${wire}: a device that is removed at one node cannot be reset at the other, and leaves nothing to the next of its id`, async () => {
      const device = await newDevice();
      assertReset(await sendReset(nodes().first, wire, { device, key: 'k' }), device);
      assertDone(await operate(nodes().second, wire, deleteDevice({ device_id: device })));
      assertIotdaRefusal(await sendReset(nodes().first, wire, { device, key: 'k' }), '014000');
      assertDone(await operate(nodes().first, wire, createDevice({ device_id: device })));
      assertReset(await sendReset(nodes().second, wire, { device, key: 'k' }), device);
    });
  }
});
