import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, afterEach, before, describe, it } from 'mocha';
import type { Call } from '../../src/call/call.ts';
import { FaultError } from '../../src/contract/fault.ts';
import { Fault } from '../../gen/keyturn/options/v1/options.ts';
import { openLine, until } from '../limits/fixtures.ts';
import type { Answer } from '../wire/answer.ts';
import { WRONG_TOKEN, startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';

/** The signals of the calls that wait; a call ends when its signal aborts, or when all are told to. */
const signals: AbortSignal[] = [];
const end = new EventTarget();

async function wait(request: object, { signal }: Call): Promise<object> {
  signals.push(signal);
  await Promise.race([once(signal, 'abort'), once(end, 'end')]);
  signal.throwIfAborted();
  return request;
}

/** Never looks at its signal. */
async function ignore(request: object): Promise<object> {
  await once(end, 'end');
  return request;
}

/** Timers that run. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

describe('grpc-timeout over REST', () => {
  let transcoder: TestTranscoder;

  before(async () => {
    transcoder = await startTranscoder({ '/transcoder.v1.EdgeService/Wait': wait, '/transcoder.v1.PlainService/Plain': ignore });
  });
  after(() => transcoder[Symbol.asyncDispose]());
  afterEach(() => {
    end.dispatchEvent(new Event('end'));
    signals.splice(0);
  });

  function ask(target: string, ...timeouts: string[]): Promise<Answer> {
    return transcoder.rest.send({ method: 'GET', target, headers: timeouts.map((timeout) => ['grpc-timeout', timeout]) });
  }

  for (const timeout of ['50m', '50000u', '50000000n', '00000050m', '0S', '0n', '1n']) {
    it(`504 once it has passed: ${timeout}`, async () => {
      const answer = await ask('/edge/wait', timeout);
      assert.deepEqual([answer.status, answer.reason], [504, 'DEADLINE']);
      for (const signal of signals) assert.equal((signal.reason as FaultError).fault, Fault.FAULT_DEADLINE_EXCEEDED);
    });
  }

  it('504 at once, even if the handler goes on, in the envelope of its service', async () => {
    const answer = await ask('/plain', '50m');
    assert.deepEqual([answer.status, JSON.parse(answer.body).error.message], [500, 'idp failed.']);
  });

  it('504 even while the body is on its way, and the connection ends in time', async () => {
    const line = await openLine(Number(new URL(transcoder.url).port));
    line.socket.write('POST /edge/wait HTTP/1.1\r\nHost: a\r\ngrpc-timeout: 50m\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{');
    await until(() => line.text().startsWith('HTTP/1.1 504 '), 'it is refused');
    await until(line.isClosed, 'the connection is closed');
    assert.deepEqual(signals, []);
  });

  for (const timeout of ['99999999H', '99999999M', '10S', '9999999S']) {
    it(`leaves time: ${timeout}`, async () => {
      const asked = ask('/edge/wait', timeout);
      await until(() => signals.length === 1, 'the call has begun');
      end.dispatchEvent(new Event('end'));
      assert.equal((await asked).status, 200);
    });
  }

  it('leaves no timer behind', async () => {
    await ask('/echo', '1H');
    const first = timers();
    for (let count = 0; count < 50; count += 1) assert.equal((await ask('/echo', '1H')).status, 200);
    assert.ok(timers() < first + 10, `${first} timers became ${timers()}`);
  });

  for (const timeout of ['', '1', 'S', '123456789S', '-1S', '+1S', '1.5S', '1s', '1h', ' ', '1 S', '1S,2S', '0x1S', '１S', '1SS']) {
    it(`400 that names it: ${JSON.stringify(timeout)}`, async () => {
      const answer = await ask('/echo', Buffer.from(timeout).toString('latin1'));
      assert.deepEqual([answer.status, answer.reason, answer.fields], [400, 'INVALID', ['grpc-timeout']]);
    });
  }

  it('400 if it is repeated, once the caller is known', async () => {
    const answer = await ask('/echo', '1S', '1S');
    assert.deepEqual([answer.status, answer.fields], [400, ['grpc-timeout']]);
    const headers = [['grpc-timeout', 'x'], ['Authorization', `Bearer ${WRONG_TOKEN}`]] as const;
    assert.equal((await transcoder.rest.send({ method: 'GET', target: '/echo', headers })).status, 401);
  });

  it('is not looked at where no call is made', async () => {
    assert.equal((await ask('/nowhere', 'x')).status, 404);
  });

  it('a caller that goes away cancels its call', async () => {
    const line = await openLine(Number(new URL(transcoder.url).port));
    line.socket.write('GET /edge/wait HTTP/1.1\r\nHost: a\r\ngrpc-timeout: 1H\r\n\r\n');
    await until(() => signals.length === 1, 'the call has begun');
    line.socket.destroy();
    await until(() => signals[0]?.aborted === true, 'the call is cancelled');
    const reason: unknown = signals[0]?.reason;
    assert.ok(reason instanceof FaultError && reason.fault === Fault.FAULT_CANCELLED);
  });
});
