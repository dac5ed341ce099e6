import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { Call } from '../../src/call/call.ts';
import { pause } from '../faults/fixtures/child.ts';
import { until } from '../limits/fixtures.ts';
import { startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';
import { Callers, WATCH, WIRES } from './stream_callers.ts';
import type { Watched, Wire } from './stream_callers.ts';

/** Far above what an end takes, far below the grace of ten seconds that a service gives to calls in flight. */
const PROMPT = 5_000;

const event = (eventNumber: number): object => ({ eventNumber, word: '', load: Buffer.alloc(0) });

interface Request {
  readonly scenario: string;
  readonly count: number;
}

async function* busy(): AsyncGenerator<object> {
  for (let number = 1; ; number += 1) {
    yield event(number);
    await pause(5);
  }
}

describe('the end of streams', () => {
  let transcoder: TestTranscoder;
  let callers: Callers;
  let open = 0;

  beforeEach(async () => {
    open = 0;
    transcoder = await startTranscoder({
      [WATCH]: (request: Request, call: Call) => (request.scenario === 'late' ? pause(3_000).then(busy) : watch(request, call)),
    });
    callers = new Callers(transcoder);
  });
  afterEach(async () => {
    callers[Symbol.dispose]();
    await transcoder[Symbol.asyncDispose]();
  });

  async function* watch({ scenario, count }: Request, { signal }: Call): AsyncGenerator<object> {
    open += 1;
    try {
      for (let number = 1; number <= count; number += 1) yield event(number);
      if (scenario === 'deaf') await pause(8_000);
      // Three ways to hear of the end: to return, to throw one's own error, and at a yield.
      if (scenario === 'throw') await once(new EventTarget(), 'never', { signal });
      if (scenario === 'wait') await once(signal, 'abort');
      if (scenario === 'busy') yield* busy();
    } finally {
      open -= 1;
    }
  }

  /** Streams that have begun. */
  async function watchMany(wire: Wire, scenario: string, many: number): Promise<Watched[]> {
    const all = await Promise.all(Array.from({ length: many }, () => callers.watch(wire, { scenario, count: 1 })));
    await Promise.all(all.map(({ head }) => head));
    return all;
  }

  function assertAtRest(): void {
    const { running, streams } = transcoder.load();
    assert.deepEqual({ running, streams, open }, { running: 0, streams: 0, open: 0 });
  }

  for (const wire of WIRES) {
    for (const scenario of ['wait', 'throw', 'busy']) {
      it(`over ${wire} comes to the handler when the caller goes away (${scenario})`, async () => {
        const [watched] = await watchMany(wire, scenario, 1);
        assert.equal(open, 1);
        watched?.cancel();
        await until(() => open === 0, 'the handler has ended', 1_000);
        await until(() => transcoder.lines.length === 1, 'the call is logged');
        assert.deepEqual([transcoder.lines[0]?.['msg'], transcoder.lines[0]?.['reason']], ['call refused', 'CANCELLED']);
        assertAtRest();
      });

      it(`over ${wire} comes with that of the service, in time and by a last word (${scenario})`, async () => {
        const all = await watchMany(wire, scenario, 20);
        await transcoder.stop(PROMPT);
        for (const { end } of all) {
          const { code, reason, status } = await end;
          assert.deepEqual([code, reason, status], [14, 'UNAVAILABLE', wire === 'rest' ? 200 : undefined]);
        }
        assertAtRest();
      });
    }

    it(`over ${wire} leaves nothing behind, a thousand times`, async () => {
      const all = await watchMany(wire, 'wait', 1_000);
      // More than may be in flight at once: a stream that has begun is not.
      assert.deepEqual([open, transcoder.load()], [1_000, { running: 0, streams: 1_000, connections: 1_000 }]);
      const other = await callers.watch(wire, { scenario: 'count', count: 2 });
      assert.equal((await other.end).code, 0);
      for (const { cancel } of all) cancel();
      await Promise.all(all.map(({ end }) => end));
      await until(() => transcoder.load().connections === 0 && open === 0, 'all have ended');
      assertAtRest();
    });
  }

  it('does not wait for ever for a handler that does not hear of it, and the log tells', async () => {
    const both = await Promise.all(WIRES.map((wire) => watchMany(wire, 'deaf', 1)));
    for (const { cancel } of both.flat()) cancel();
    await until(() => transcoder.lines.length === 2, 'the calls are logged');
    for (const { reason, detail } of transcoder.lines) {
      assert.deepEqual([reason, detail], ['CANCELLED', 'the handler of a stream has not ended 5000 ms after it was told to']);
    }
    const { running, streams } = transcoder.load();
    assert.deepEqual({ running, streams }, { running: 0, streams: 0 });
  });

  for (const wire of WIRES) {
    it(`over ${wire} comes with the deadline of the caller`, async () => {
      const { numbers, end } = await callers.watch(wire, { scenario: 'wait', count: 2, deadline: 300 });
      const { code, status, reason } = await end;
      assert.equal(code, 4);
      if (wire === 'rest') assert.deepEqual([status, reason], [200, 'DEADLINE']);
      assert.deepEqual(numbers, [1, 2]);
      await until(() => transcoder.lines.length === 1, 'the call is logged');
      // Over gRPC the caller keeps its deadline itself, and may be the first to say so.
      const reasons: unknown[] = wire === 'rest' ? ['DEADLINE'] : ['DEADLINE', 'CANCELLED'];
      assert.ok(reasons.includes(transcoder.lines[0]?.['reason']));
      assertAtRest();
    });

    it(`over ${wire} comes with the deadline, even if the handler has not begun`, async () => {
      const { end } = await callers.watch(wire, { scenario: 'late', deadline: 100 });
      const { code, status } = await end;
      assert.deepEqual([code, status], [4, wire === 'rest' ? 504 : undefined]);
      assert.deepEqual(transcoder.lines, [], 'the call goes on to its end');
      await until(() => transcoder.lines.length === 1, 'the call is logged');
      const { running, streams } = transcoder.load();
      assert.deepEqual({ running, streams }, { running: 0, streams: 0 });
    });
  }
});
