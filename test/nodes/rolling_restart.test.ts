import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'mocha';
import { logOf } from '../faults/fixtures/child.ts';
import { assertConsistent } from '../races/crowd.ts';
import { WIRES, assertAnswer } from '../wire/answer.ts';
import type { Wire } from '../wire/answer.ts';
import { GrpcClient } from '../wire/grpc.ts';
import { makeUpdate, sendTo, updated } from '../wire/harness.ts';
import type { Clients, Device } from '../wire/harness.ts';
import { thumbprintOf } from '../wire/jwt.ts';
import { RestClient } from '../wire/rest.ts';
import { Balancer } from './balancer.ts';
import { Nodes } from './nodes.ts';
import type { Node } from './nodes.ts';

/** Far above the balancer's interval. */
const DRAIN_DELAY = '1';
/** Devices that rotate over each wire, each on connections of its own; every other one has a new connection for each request over REST. */
const DEVICES = 6;
const ANEW = [['Connection', 'close']] as const;
/** Of steady traffic between two steps, milliseconds. */
const STEADY = 500;

describe('two nodes: a rolling restart', () => {
  it('refuses no call, over REST and over gRPC', async () => {
    await using nodes = await Nodes.start({ KEYTURN_DRAIN_DELAY: DRAIN_DELAY });
    await using balancer = await Balancer.start([nodes.first, nodes.second]);
    await using traffic = new Traffic(balancer);
    for (const wire of WIRES) for (let count = 0; count < DEVICES; count += 1) traffic.add(wire, await nodes.device(), count % 2 === 0 ? [] : ANEW);
    const served = [nodes.first, nodes.second];
    for (const old of [nodes.first, nodes.second]) {
      await sleep(STEADY);
      old.child.kill('SIGTERM');
      assert.equal(await old.child.ended, 0);
      balancer.remove(old);
      const node = await nodes.another();
      served.push(node);
      await balancer.add(node);
    }
    await sleep(STEADY);
    const devices = await traffic.end();
    for (const { device, rotations } of devices) {
      const { current, rotations: stored, audits } = await nodes.stored(device.id);
      assert.deepEqual([current, stored, audits], [thumbprintOf(device.pair), rotations, rotations]);
    }
    await assertConsistent(nodes);
    for (const node of served.slice(0, 3)) assert.deepEqual(wiresOf(node), new Set(WIRES), 'both wires were used');
    // One line for each rotation: none was sent twice, and none came to a node that refused it.
    const sent = devices.reduce((sum, { rotations }) => sum + rotations, 0);
    assert.equal(served.flatMap(updatesOf).length, sent);
  }).timeout(120_000);
});

type Headers = readonly (readonly [string, string])[];

/** Devices that rotate without a pause, through the balancer. */
class Traffic implements AsyncDisposable {
  readonly #balancer: Balancer;
  readonly #running: Promise<{ readonly device: Device; readonly rotations: number }>[] = [];
  #isEnding = false;

  constructor(balancer: Balancer) {
    this.#balancer = balancer;
  }

  add(wire: Wire, device: Device, headers: Headers): void {
    const running = this.#rotate(wire, device, headers);
    // Heard of in `end`, which comes later.
    running.catch(() => {});
    this.#running.push(running);
  }

  /** The devices as they are now. Rejects if any call was not answered with success. */
  end(): Promise<{ readonly device: Device; readonly rotations: number }[]> {
    this.#isEnding = true;
    return Promise.all(this.#running);
  }

  async #rotate(wire: Wire, start: Device, headers: Headers): Promise<{ readonly device: Device; readonly rotations: number }> {
    using rest = new RestClient(this.#balancer.url);
    using grpc = new GrpcClient(this.#balancer.grpc, { 'grpc.use_local_subchannel_pool': 1 });
    const clients: Clients = { rest, grpc };
    let device = start;
    let rotations = 0;
    for (; !this.#isEnding; rotations += 1) {
      const update = makeUpdate(device);
      assertAnswer(await sendTo(clients, wire, { authorization: update.jwt, pop: update.pop, headers }), 'OK');
      device = updated(update);
    }
    return { device, rotations };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    await Promise.allSettled(this.#running);
  }
}

function updatesOf({ child }: Node): Record<string, unknown>[] {
  return logOf(child).filter(({ method }) => method === '/keyturn.v1.DeviceKeyService/UpdatePublicKey');
}

function wiresOf(node: Node): ReadonlySet<unknown> {
  return new Set(updatesOf(node).map(({ wire }) => wire));
}
