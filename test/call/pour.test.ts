import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'mocha';
import { HealthCheckResponse_ServingStatus, HealthService } from '../../gen/grpc/health/v1/health.ts';
import type { Call } from '../../src/call/call.ts';
import { bind } from '../../src/call/endpoints.ts';
import type { Implementation } from '../../src/call/endpoints.ts';
import { pour, streamOf } from '../../src/call/pour.ts';

const GONE = new Error('the caller is gone');
const STATUS = { status: HealthCheckResponse_ServingStatus.SERVING };

/** What was done, in order; `aborts` aborts at the first message. */
async function poured(messages: AsyncIterable<object>, controller: AbortController, aborts = false): Promise<{ steps: string[]; error: unknown }> {
  const steps: string[] = [];
  const error = await pour({
    messages,
    signal: controller.signal,
    begin: () => steps.push('begin'),
    async send(message) {
      steps.push(JSON.stringify(message));
      if (aborts) controller.abort(GONE);
    },
  }).catch((thrown: unknown) => thrown);
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0, 'nobody listens any more');
  return { steps, error };
}

async function* numbers(most: number, done: () => void): AsyncGenerator<object> {
  try {
    for (let number = 1; number <= most; number += 1) yield { number };
  } finally {
    done();
  }
}

/** An iterable by hand; what it has no `return` for is over by itself. */
function byHand(next: () => Promise<IteratorResult<object>>, close?: () => Promise<IteratorResult<object>>): AsyncIterable<object> {
  return { [Symbol.asyncIterator]: () => (close === undefined ? { next } : { next, return: close }) };
}

describe('pouring messages', () => {
  it('begins, sends each and ends', async () => {
    let done = 0;
    const { steps, error } = await poured(numbers(2, () => (done += 1)), new AbortController());
    assert.deepEqual([steps, error, done], [['begin', '{"number":1}', '{"number":2}'], undefined, 1]);
  });

  it('asks for nothing if nobody wants it any more, and closes all the same', async () => {
    const controller = new AbortController();
    controller.abort(GONE);
    const calls: string[] = [];
    const close = async (): Promise<IteratorResult<object>> => {
      calls.push('return');
      return { done: true, value: undefined };
    };
    const { steps, error } = await poured(byHand(() => assert.fail('next'), close), controller);
    assert.deepEqual([steps, error, calls], [[], GONE, ['return']]);
  });

  it('sends nothing after the abort, with its reason, and the handler has ended by then', async () => {
    let done = 0;
    const { steps, error } = await poured(numbers(9, () => (done += 1)), new AbortController(), true);
    assert.deepEqual([steps, error, done], [['begin', '{"number":1}'], GONE, 1]);
  });

  for (const [how, settle] of [
    ['ends', async (): Promise<IteratorResult<object>> => ({ done: true, value: undefined })],
    ['fails', (): Promise<IteratorResult<object>> => Promise.reject(new Error('of its own'))],
    ['goes on', async (): Promise<IteratorResult<object>> => ({ done: false, value: {} })],
  ] as const) {
    it(`has the reason of the abort if the handler ${how} because of it`, async () => {
      const controller = new AbortController();
      const next = async (): Promise<IteratorResult<object>> => {
        await new Promise((resolve) => {
          controller.signal.addEventListener('abort', resolve, { once: true });
          setTimeout(() => controller.abort(GONE), 10);
        });
        return settle();
      };
      const { steps, error } = await poured(byHand(next), controller);
      assert.deepEqual([steps, error], [['begin'], GONE]);
    });
  }

  it('tells of a handler that fails as it ends', async () => {
    const failed = new Error('while it cleaned up');
    const messages = byHand(async () => ({ done: false, value: {} }), () => Promise.reject(failed));
    const { error } = await poured(messages, new AbortController(), true);
    assert.equal(error, failed);
  });

  it('gives everybody else a turn', async () => {
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    await poured(numbers(1_000, () => (isOver = true)), new AbortController());
    assert.ok(turns > 50, String(turns));
  });

  it('takes what the definition of a service says is a stream, and nothing else', async () => {
    const implementation: Implementation<Pick<typeof HealthService, 'check' | 'watch'>> = {
      check: async () => STATUS,
      async *watch() {
        yield STATUS;
      },
    };
    const { check, watch } = HealthService;
    const [unary, stream] = bind({ check, watch }, implementation);
    const messages = streamOf('w', stream?.handle({} as never, {} as Call) ?? {});
    assert.deepEqual((await poured(messages, new AbortController())).steps, ['begin', JSON.stringify(STATUS)]);
    const answer = await unary?.handle({} as never, {} as Call);
    assert.throws(() => streamOf('/s/Check', answer ?? {}), { message: '/s/Check has returned no stream' });
  });
});
