import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { until } from '../limits/fixtures.ts';
import { pause } from '../faults/fixtures/child.ts';
import { startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';
import { Callers, WATCH, WIRES } from './stream_callers.ts';
import type { Watched } from './stream_callers.ts';

const LOAD = Buffer.alloc(16_384);
/** Far above what the kernel keeps for both ends of a connection of this machine. */
const MOST = 64 << 20;

/** By scenario: messages that were made, and whether the handler has ended. */
const made = new Map<string, number>();
const ended = new Set<string>();

/** Never waits for anything itself. */
async function* endless({ scenario }: { scenario: string }): AsyncGenerator<object> {
  try {
    for (let eventNumber = 1; ; eventNumber += 1) {
      made.set(scenario, eventNumber);
      yield { eventNumber, word: '', load: LOAD };
    }
  } finally {
    ended.add(scenario);
  }
}

/** Waits until the handler makes no more messages, and tells how many it has made. */
async function untilStill(scenario: string): Promise<number> {
  let last = -1;
  await until(async () => {
    const isStill = last === made.get(scenario);
    last = made.get(scenario) ?? 0;
    await pause(200);
    return isStill && last === made.get(scenario);
  }, 'the handler waits', 20_000);
  return last;
}

describe('streams that are not read', () => {
  let transcoder: TestTranscoder;
  let callers: Callers;
  before(async () => {
    transcoder = await startTranscoder({ [WATCH]: endless });
    callers = new Callers(transcoder);
  });
  after(async () => {
    callers[Symbol.dispose]();
    await transcoder[Symbol.asyncDispose]();
  });

  for (const wire of WIRES) {
    it(`hold up their handler over ${wire}, and go on when they are read`, async () => {
      const watched = await callers.watch(wire, { scenario: wire });
      await watched.head;
      await until(() => watched.numbers.length > 0, 'the first message');
      watched.pause();
      const still = await untilStill(wire);
      assert.ok(still * LOAD.length < MOST, `${still} messages`);
      watched.resume();
      await until(() => watched.numbers.length > still + 100, 'further messages');
      assert.deepEqual(watched.numbers, watched.numbers.map((_, index) => index + 1));
      watched.cancel();
      await until(() => ended.has(wire), 'the handler has ended', 1_000);
    });
  }

  it('end after half a minute', async () => {
    const from = transcoder.lines.length;
    const all = await Promise.all(WIRES.map((wire): Promise<Watched> => callers.watch(wire, { scenario: `${wire}-unread` })));
    for (const { head, pause: stop } of all) {
      await head;
      stop();
    }
    await until(() => WIRES.every((wire) => ended.has(`${wire}-unread`)), 'the handlers have ended', 45_000);
    const lines = transcoder.lines.slice(from);
    assert.deepEqual(lines.map(({ reason }) => reason), ['CANCELLED', 'CANCELLED']);
    for (const { ms } of lines) assert.ok(Number(ms) >= 29_000, `${String(ms)} ms`);
    for (const { resume } of all) resume();
    // REST has no place left for a last word: the connection is closed. Over gRPC the status comes after what is on its way.
    assert.deepEqual(await Promise.all(all.map(async ({ end }) => (await end).code)), [undefined, 1]);
    await until(() => transcoder.load().connections === 0, 'the connections are closed');
    assert.equal(transcoder.load().streams, 0);
  }).timeout(60_000);
});
