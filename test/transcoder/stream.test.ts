import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'mocha';
import { ErrorReason } from '../../gen/keyturn/v1/error_reason.ts';
import type { Call } from '../../src/call/call.ts';
import { ApiError } from '../../src/errors.ts';
import { pause } from '../faults/fixtures/child.ts';
import { until } from '../limits/fixtures.ts';
import { WRONG_TOKEN, startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';
import { Callers, WATCH, WIRES } from './stream_callers.ts';
import type { Wish } from './stream_callers.ts';

interface Request {
  readonly scenario: string;
  readonly count: number;
  readonly secret: string;
}

const SECRET = 'do-not-tell-anybody';

const event = (eventNumber: number): object => ({ eventNumber, word: `w${eventNumber}`, load: Buffer.alloc(0) });

/** This contract gives its own meaning to the number. */
const TAKEN = 14 as ErrorReason;
const VIOLATION = { field: 'watch.count', description: 'must be another' };

/** What the handler does, by scenario. */
const SCENARIOS: Readonly<Record<string, (request: Request, call: Call) => AsyncIterable<object> | Promise<AsyncIterable<object>>>> = {
  count,
  async *nothing() {},
  async *metadata({ count: most }, call) {
    call.setMetadata('stream-note', 'before');
    for (let number = 0; number < most; number += 1) yield event(number);
  },
  async *late(_request, call) {
    yield event(1);
    call.setMetadata('stream-note', 'after');
  },
  async *unlisted(_request, call) {
    call.setMetadata('other-note', 'x');
    yield event(1);
  },
  async *refuse({ count: most }) {
    if (most === 0) throw new ApiError(TAKEN, 'refused at once', { violations: [VIOLATION] });
    yield event(1);
  },
  async promise() {
    await pause(50);
    throw new ApiError(TAKEN, 'refused in time', { violations: [VIOLATION] });
  },
  async *midway({ count: most }) {
    for (let number = 1; number <= most; number += 1) yield event(number);
    throw new ApiError(TAKEN, 'refused midway', { violations: [VIOLATION], metadata: { 'retry-after': '1' } });
  },
  async *begun({ count: most }) {
    await pause(50);
    if (most === 0) throw new ApiError(TAKEN, 'refused after it has begun');
    yield event(1);
  },
  async *unknown({ secret }) {
    yield event(1);
    throw new Error(`something about ${secret}`);
  },
  async *unencodable() {
    yield event(1);
    yield { eventNumber: 'no number', word: 1, load: 2 };
  },
  async *wait(_request, call) {
    await once(call.signal, 'abort');
    yield event(1);
  },
  noStream: async () => ({}) as AsyncIterable<object>,
};

async function* count({ count: most }: Request): AsyncGenerator<object> {
  for (let number = 1; number <= most; number += 1) yield event(number);
}

describe('streams', () => {
  let transcoder: TestTranscoder;
  let callers: Callers;
  before(async () => {
    transcoder = await startTranscoder({
      [WATCH]: (request: Request, call) => (SCENARIOS[request.scenario] ?? count)(request, call),
    }, { level: 'debug' });
    callers = new Callers(transcoder);
  });
  after(async () => {
    callers[Symbol.dispose]();
    await transcoder[Symbol.asyncDispose]();
  });

  for (const wire of WIRES) {
    const watch = (wish: Wish) => callers.watch(wire, wish);
    /** The status over REST: 200 once the stream has begun, and else that of the refusal. */
    const statusOf = (status: number) => (wire === 'rest' ? { status } : {});

    describe(`over ${wire}`, () => {
      it('bring every message, in order', async () => {
        const { numbers, end } = await watch({ scenario: 'count', count: 1000 });
        assert.deepEqual(await end, { code: 0, ...statusOf(200) });
        assert.deepEqual(numbers, Array.from({ length: 1000 }, (_, index) => index + 1));
      });

      it('may be empty', async () => {
        const { numbers, end } = await watch({ scenario: 'nothing' });
        assert.deepEqual(await end, { code: 0, ...statusOf(200) });
        assert.deepEqual(numbers, []);
      });

      for (const scenario of ['refuse', 'promise']) {
        it(`are refused as any call before they have begun (${scenario})`, async () => {
          const { numbers, end } = await watch({ scenario });
          assert.deepEqual(await end, { code: 6, message: 'taken.', reason: 'TAKEN', fields: ['watch.count'], ...statusOf(409) });
          assert.deepEqual(numbers, []);
        });
      }

      it('end with a refusal after so many messages', async () => {
        const { numbers, end } = await watch({ scenario: 'midway', count: 3 });
        assert.deepEqual(await end, { code: 6, message: 'taken.', reason: 'TAKEN', fields: ['watch.count'], ...statusOf(200) });
        assert.deepEqual(numbers, [1, 2, 3]);
      });

      it('end with a refusal before the first message, if they have begun', async () => {
        const { head, end } = await watch({ scenario: 'begun' });
        assert.ok(await head);
        assert.deepEqual(await end, { code: 6, message: 'taken.', reason: 'TAKEN', fields: [], ...statusOf(200) });
      });

      for (const scenario of ['unknown', 'unencodable']) {
        it(`tell nothing of an error that nobody knows (${scenario})`, async () => {
          const { numbers, end } = await watch({ scenario, secret: SECRET });
          assert.deepEqual(await end, { code: 13, message: 'internal.', reason: 'INTERNAL', fields: [], ...statusOf(200) });
          assert.deepEqual(numbers, [1]);
        });
      }

      it('are a fault of the program where the handler returns none', async () => {
        const { end } = await watch({ scenario: 'noStream' });
        assert.deepEqual(await end, { code: 13, message: 'internal.', reason: 'INTERNAL', fields: [], ...statusOf(500) });
      });

      it('begin with metadata, with and without messages', async () => {
        for (const messages of [0, 2]) {
          const { head, end } = await watch({ scenario: 'metadata', count: messages, headers: { 'x-request-id': 'r-1' } });
          assert.equal((await head).get('stream-note'), 'before');
          assert.equal((await head).get('x-request-id'), 'r-1');
          assert.equal((await end).code, 0);
        }
      });

      it('take no metadata once they have begun', async () => {
        const { head, numbers, end } = await watch({ scenario: 'late' });
        assert.equal((await head).get('stream-note'), undefined);
        assert.deepEqual([(await end).code, numbers], [13, [1]]);
      });

      it('take no metadata that the method does not list', async () => {
        const { end } = await watch({ scenario: 'unlisted' });
        assert.deepEqual(await end, { code: 13, message: 'internal.', reason: 'INTERNAL', fields: [], ...statusOf(500) });
      });

      it('begin before there is a first message', async () => {
        const { head, cancel, end } = await watch({ scenario: 'wait' });
        assert.ok(await head);
        cancel();
        await end;
      });

      it('are refused to who must not call, and for what does not fit', async () => {
        const foreign = await watch({ scenario: 'count', headers: { authorization: `Bearer ${WRONG_TOKEN}` } });
        assert.deepEqual(await foreign.end, { code: 16, message: 'unauthenticated.', reason: 'UNAUTHENTICATED', fields: [], ...statusOf(401) });
        const wrong = await watch({ scenario: 'x'.repeat(65) });
        assert.deepEqual(await wrong.end, { code: 3, message: 'invalid.', reason: 'INVALID', fields: ['scenario'], ...statusOf(400) });
      });

      it('are one line of the log and one count, and none in the durations', async () => {
        const from = transcoder.lines.length;
        const good = await watch({ scenario: 'count', count: 20, headers: { 'x-request-id': `good-${wire}` } });
        await good.end;
        const bad = await watch({ scenario: 'midway', count: 1, headers: { 'x-request-id': `bad-${wire}` } });
        await bad.end;
        const lines = transcoder.lines.slice(from).filter(({ msg }) => msg !== 'request').map((line) => [line['msg'], line['request_id'], line['method'], line['wire'], line['reason']]);
        assert.deepEqual(lines, [['call', `good-${wire}`, WATCH, wire, 'OK'], ['call refused', `bad-${wire}`, WATCH, wire, 'TAKEN']]);
        const { text } = await transcoder.metrics.expose();
        assert.match(text, new RegExp(`^keyturn_calls_total\\{method="${WATCH}",wire="${wire}",reason="TAKEN"\\} \\d+$`, 'm'));
        assert.doesNotMatch(text, new RegExp(`^keyturn_call_duration_seconds_count\\{[^}]*method="${WATCH}"`, 'm'));
      });
    });
  }

  describe('all in all', () => {
    it('have logged what nobody knows, and nothing secret of a request', () => {
      const failed = transcoder.lines.filter(({ msg }) => msg === 'call failed');
      assert.ok(failed.some((line) => JSON.stringify(line).includes('has returned no stream')));
      const requests = transcoder.lines.filter(({ msg }) => msg === 'request').map(({ request }) => request as Partial<Request>);
      assert.ok(requests.some(({ scenario, secret }) => scenario === 'unknown' && secret !== undefined));
      const others = transcoder.lines.filter(({ msg }) => msg !== 'call failed');
      assert.doesNotMatch(JSON.stringify(others), new RegExp(SECRET));
    });

    it('leave nothing behind', async () => {
      await until(() => transcoder.load().streams + transcoder.load().running === 0, 'all streams have ended');
    });
  });
});
