import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'mocha';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { ONE_TRY, inTurns, newDevice } from './device.ts';
import type { Overrides, TestDevice } from './device.ts';
import { startProxy } from './proxy.ts';

/** Leaves behind what a device has whose update was taken and whose reply was lost. */
async function loseReply(device: TestDevice): Promise<void> {
  await using proxy = await startProxy(device.service.url, [], 'lose_reply');
  await assert.rejects(device.rotate({ url: proxy.url, ...ONE_TRY }), { trouble: 'failed' });
}

/** Leaves behind what a device has whose update did not arrive and, since, has expired. */
async function loseRequest(device: TestDevice): Promise<void> {
  await using proxy = await startProxy(device.service.url, [], 'lose_request');
  await assert.rejects(device.rotate({ url: proxy.url, ...ONE_TRY, lifetime: -1 }), { trouble: 'failed' });
}

const REQUEST = ['before request', 'after request: sent', 'after request: answered'];

function stepsOfWriting(label: string): string[] {
  const steps = ['write', 'fsync', 'rename', 'fsync of the folder'];
  return steps.flatMap((name) => [`before ${label}: ${name}`, `after ${label}: ${name}`]);
}

for (const retry of ['on', 'strict']) {
  describe(`a rotation that is killed, with idempotent_retry ${retry}`, () => {
    let service: TestService;

    before(async () => {
      service = await startService({ settings: { KEYTURN_IOTHENTIX_IDEMPOTENT_RETRY: retry } });
    });

    after(() => service[Symbol.asyncDispose]());

    /** Kills a run at each of its checkpoints, on a device of its own; what follows must put all in order. */
    async function killEverywhere(prepare: (device: TestDevice) => Promise<void>, overrides: Overrides = {}): Promise<string[]> {
      using model = await newDevice(service);
      await prepare(model);
      const names = await model.checkpoints(overrides);
      await inTurns([...names.keys()], async (index) => {
        using device = await newDevice(service);
        await prepare(device);
        const hadPending = existsSync(device.stateFile);
        assert.equal(await device.rotateUntil(index, overrides), true, `${names[index]} was not reached`);
        if (existsSync(device.stateFolder)) device.assertPrivate();
        const wasOpen = existsSync(device.stateFile) && device.pending !== null;
        const { resumed } = await device.rotate(overrides);
        assert.equal(resumed, wasOpen, names[index]);
        // Once the rotation was written down as done, the next run is a rotation of its own.
        const wasDone = !wasOpen && (hadPending || index > names.indexOf('after state: rename'));
        await device.assertSettled(wasDone ? 2 : 1);
      });
      return names;
    }

    it('ends well in the next run, wherever it was', async () => {
      const names = await killEverywhere(async () => {});
      assert.deepEqual(names, [...stepsOfWriting('proof'), ...stepsOfWriting('state'), ...REQUEST, ...stepsOfWriting('key'), ...stepsOfWriting('state')]);
    });

    it('ends well when the run is killed that takes up a lost reply', async () => {
      const names = await killEverywhere(loseReply);
      // Strict: the identical request is refused, then the old key, and the new one is found to count.
      assert.equal(names.filter((name) => name === 'before request').length, retry === 'on' ? 1 : 3);
    });

    // Nothing has been spent then: the setting makes no difference.
    if (retry === 'strict') return;

    it('ends well when the run is killed that takes up a lost request', async () => {
      const names = await killEverywhere(loseRequest);
      assert.equal(names.filter((name) => name === 'before request').length, 3);
    });
  });
}

describe('a rotation that is killed again and again', () => {
  it('ends well after all', async () => {
    await using service = await startService({ settings: { KEYTURN_IOTHENTIX_IDEMPOTENT_RETRY: 'strict' } });
    await inTurns([1, 2, 3], async () => {
      using device = await newDevice(service);
      for (let run = 0; run < 4; run += 1) {
        await using proxy = await startProxy(service.url, [(['lose_request', 'lose_reply', 'pass'] as const)[run % 3] ?? 'pass']);
        await device.rotateUntil(Math.floor(Math.random() * 26), { url: proxy.url, lifetime: run % 2 === 0 ? 60 : -1 });
      }
      await device.rotate();
      await device.assertSettled((await device.history()).length - 1);
    });
  });
});
