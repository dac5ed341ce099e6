import assert from 'node:assert/strict';
import { once } from 'node:events';
import { beforeEach, describe, it } from 'mocha';
import type { Call } from '../../src/call/call.ts';
import { withEcho } from './echo.ts';

interface Wish {
  readonly scenario: string;
  readonly count: number;
}

let ended: Promise<unknown> | undefined;

async function* watch({ scenario, count }: Wish, call: Call): AsyncGenerator<object> {
  call.setMetadata('stream-note', scenario);
  ended = once(call.signal, 'abort');
  for (let eventNumber = 1; eventNumber <= count; eventNumber += 1) yield { eventNumber, word: `line\n\u2028${eventNumber}`.repeat(scenario === 'long' ? 5_000 : 1), load: Buffer.of(255) };
  if (scenario === 'fail') throw new Error('unknown');
  if (scenario === 'wait') await ended;
}

interface Message {
  readonly eventNumber: number;
  readonly word: string;
}

describe('streams of a generated client', () => {
  const echo = withEcho({ '/transcoder.v1.StreamService/Watch': watch });
  const open = (wish: Partial<Wish>, options?: object): AsyncIterable<Message> & { withResponse(): Promise<Record<string, unknown>> } =>
    echo().ask('StreamService.watch', wish, options) as never;

  beforeEach(() => {
    ended = undefined;
  });

  it('give every message, however long, and end', async () => {
    for (const [scenario, times] of [['short', 1], ['long', 5_000]] as const) {
      const words: string[] = [];
      for await (const { word } of open({ scenario, count: 20 })) words.push(word);
      assert.deepEqual(words, Array.from({ length: 20 }, (_, index) => `line\n\u2028${index + 1}`.repeat(times)));
    }
    for await (const message of open({ count: 0 })) assert.fail(JSON.stringify(message));
  });

  it('give what comes before their messages, and one field of each', async () => {
    const stream = open({ scenario: 'note', count: 2 });
    const { status, headers, mediaType, content } = await stream.withResponse();
    assert.deepEqual([status, headers, mediaType, content === stream], [200, { 'stream-note': 'note' }, 'application/x-ndjson', true]);
    const words: unknown[] = [];
    for await (const word of open({ count: 2 }, { route: 'GET /stream/words' })) words.push(word);
    assert.deepEqual(words, ['line\n\u20281', 'line\n\u20282']);
    const numbers: number[] = [];
    for await (const { eventNumber } of stream) numbers.push(eventNumber);
    assert.deepEqual(numbers, [1, 2]);
    await assert.rejects(async () => stream[Symbol.asyncIterator]().next(), { name: 'TypeError', message: 'a stream is read once' });
  });

  it('throw the error of their last line, after the messages before it', async () => {
    const numbers: number[] = [];
    await assert.rejects(
      async () => {
        for await (const { eventNumber } of open({ scenario: 'fail', count: 2 })) numbers.push(eventNumber);
      },
      { name: 'RestError', status: 200, code: 'INTERNAL', envelope: 'RPC_STATUS', message: 'internal.' },
    );
    assert.deepEqual(numbers, [1, 2]);
  });

  it('throw a refusal that comes instead', async () => {
    await assert.rejects(async () => open({ scenario: 'x'.repeat(65) })[Symbol.asyncIterator]().next(), { name: 'RestError', status: 400, code: 'INVALID' });
    await assert.rejects(open({}, { headers: { authorization: 'Bearer wrong' } }).withResponse(), { name: 'RestError', status: 401, code: 'UNAUTHENTICATED' });
  });

  it('end for the service when their loop is left', async () => {
    for await (const { eventNumber } of open({ scenario: 'wait', count: 3 })) if (eventNumber === 2) break;
    await ended;
  });

  it('end by a signal with its reason, and outlive the limit of time for their beginning', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const numbers: number[] = [];
    await assert.rejects(async () => {
      for await (const { eventNumber } of open({ scenario: 'wait', count: 1 }, { signal: stop.signal, timeout: 2_000 })) {
        numbers.push(eventNumber);
        setTimeout(() => stop.abort(reason), 2_300);
      }
    }, reason);
    assert.deepEqual(numbers, [1]);
    await ended;
  });
});
