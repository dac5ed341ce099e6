import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { DeviceError } from '../../src/device/rotate.ts';
import { lockDevice, waitingBackends } from '../db/fixtures/rotations.ts';
import { TestDevice } from '../device/device.ts';
import { ecPair } from '../crypto/keys.ts';
import { assertAnswers, assertConsistent, wantOf } from '../races/crowd.ts';
import { WIRES, assertAnswer } from '../wire/answer.ts';
import { assertRotated, makeUpdate, updated } from '../wire/harness.ts';
import { pemOf } from '../wire/jwt.ts';
import { Nodes } from './nodes.ts';
import type { Node } from './nodes.ts';

const DEVICES = 12;
/** Each device goes on until it has rotated so often with one node, and so often after that one was killed. */
const ROTATIONS = 5;

describe('two nodes: one is killed', () => {
  it('in mid traffic: devices that go to the other node all end with an accepted key, and no acknowledged rotation is lost', async () => {
    await using nodes = await Nodes.start();
    using started = new DisposableStack();
    const devices = await Promise.all(Array.from({ length: DEVICES }, async () => started.use(await newDevice(nodes.second))));
    const progress = { warm: 0, isKilled: false };
    const acknowledged = await Promise.all(devices.map(async (device, index) => {
      const traveller = new Traveller(device, index % 2 === 0 ? nodes.first : nodes.second, nodes);
      for (let count = 0; count < ROTATIONS; count += 1) await traveller.rotate();
      progress.warm += 1;
      // Nobody waits for the end of the first node: it is killed between any two instructions.
      if (progress.warm === DEVICES / 2) {
        nodes.first.child.kill('SIGKILL');
        progress.isKilled = true;
      }
      while (!progress.isKilled) await traveller.rotate();
      for (let count = 0; count < ROTATIONS; count += 1) await traveller.rotate();
      return traveller.thumbprints;
    }));
    assert.equal(await nodes.first.child.ended, 'SIGKILL');
    for (const [index, device] of devices.entries()) {
      const thumbprints = acknowledged[index] ?? [];
      assert.ok(thumbprints.length >= 2 * ROTATIONS);
      const history = (await device.history()).toReversed().map(({ thumbprint }) => thumbprint);
      assert.deepEqual(history.slice(1), thumbprints);
      await device.assertSettled(thumbprints.length);
    }
    await assertConsistent(nodes);
  }).timeout(60_000);

  for (const wire of WIRES) {
    it(`${wire}: during the statement of a rotation, whose outcome the other node settles`, async () => {
      await using nodes = await Nodes.start();
      const update = makeUpdate(await nodes.device());
      const lock = await lockDevice(nodes.settings['KEYTURN_DATABASE_URL'] ?? '', update.device.id);
      const lost = nodes.first.sendUpdate(wire, update).then(wantOf, () => 'no answer');
      await waitingBackends(nodes.settings['KEYTURN_DATABASE_URL'] ?? '', 1);
      nodes.first.child.kill('SIGKILL');
      assert.notEqual(await lost, 'OK');
      const again = Array.from({ length: 8 }, (_, index) => nodes.second.sendUpdate(WIRES[index % 2] ?? wire, update));
      await lock.release();
      const answers = await Promise.all(again);
      // PostgreSQL may have carried out the statement of the dead node; then each of these repeats its success.
      const first = answers.filter((answer) => wantOf(answer) === 'OK').length;
      assertAnswers(answers, { OK: first, REPLAYED: answers.length - first });
      assert.ok(first <= 1);
      await assertRotated(nodes, update);
      assertAnswer(await nodes.second.sendUpdate(wire, makeUpdate(updated(update))), 'OK');
      await assertConsistent(nodes);
    });
  }
});

/** Registers a device whose files are on the disk. */
async function newDevice(node: Node): Promise<TestDevice> {
  const device = new TestDevice({ url: node.child.url });
  const pair = ecPair('P-256');
  device.putKey(pair);
  await device.operate('POST', '', { device_id: device.id, public_key: pemOf(pair) });
  return device;
}

/** A device that runs its rotation again at the other node if one has given no certain answer. */
class Traveller {
  /** Of the keys whose rotation was acknowledged. */
  readonly thumbprints: string[] = [];
  readonly #device: TestDevice;
  readonly #nodes: Nodes;
  #node: Node;

  constructor(device: TestDevice, node: Node, nodes: Nodes) {
    this.#device = device;
    this.#node = node;
    this.#nodes = nodes;
  }

  async rotate(): Promise<void> {
    for (;;) {
      try {
        const { thumbprint } = await this.#device.rotate({ url: this.#node.child.url, timeout: 1_000 });
        return void this.thumbprints.push(thumbprint);
      } catch (error) {
        if (!(error instanceof DeviceError && error.trouble === 'failed')) throw error;
        this.#node = this.#node === this.#nodes.first ? this.#nodes.second : this.#nodes.first;
      }
    }
  }
}
