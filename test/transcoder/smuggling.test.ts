import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { after, before, beforeEach, describe, it } from 'mocha';
import { readAnswers } from '../fuzz/answers.ts';
import { tcp, untilEnd } from '../transport/fixtures/sockets.ts';
import { startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';
import { BODY, OFFERS, REFUSED, TAKEN } from './shapes.ts';

/** Follows each shape on its connection; where the shape was read in another way, this is what was smuggled in. */
const NEXT = 'GET /echo/smuggled HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/** What the calls were given that were made. */
const called: string[] = [];

async function record(request: { aString: string }): Promise<object> {
  called.push(request.aString);
  return request;
}

describe('requests that two readers could take for different ones', () => {
  let transcoder: TestTranscoder;

  before(async () => {
    transcoder = await startTranscoder({ '/transcoder.v1.EchoService/Echo': record });
  });
  after(() => transcoder[Symbol.asyncDispose]());
  beforeEach(() => void called.splice(0));

  /** All that comes when these bytes are written, in pieces of this size. */
  async function send(text: string, size: number): Promise<ReturnType<typeof readAnswers>> {
    const socket = await tcp(Number(new URL(transcoder.url).port));
    socket.setNoDelay(true);
    const bytes = Buffer.from(text, 'latin1');
    const end = untilEnd(socket);
    for (let at = 0; at < bytes.length && socket.writable; at += size) {
      socket.write(bytes.subarray(at, at + size));
      await turn();
    }
    return readAnswers(Buffer.from(await end, 'latin1'), false);
  }

  for (const [name, bytes] of REFUSED) {
    for (const size of [1, 7, 10_000]) {
      it(`400 and the end: ${name}, in pieces of ${size}`, async () => {
        const answers = await send(bytes + NEXT, size);
        assert.deepEqual(answers.map(({ status }) => status), [400]);
        const [answer] = answers;
        assert.equal(answer?.headers.get('connection'), 'close');
        assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
        assert.match(answer.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
        assert.deepEqual(JSON.parse(answer.body), { code: 3, message: 'invalid.', details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'INVALID', domain: 'transcoder' }] });
        assert.deepEqual(called, []);
      });
    }
  }

  for (const [name, bytes] of TAKEN) {
    for (const size of [1, 10_000]) {
      it(`200: ${name}, in pieces of ${size}`, async () => {
        const isLast = bytes.includes('HTTP/1.0');
        const answers = await send(bytes + NEXT, size);
        assert.deepEqual(answers.map(({ status, body }) => [status, body]), [[200, BODY], ...(isLast ? [] : [[200, '{"aString":"smuggled"}']])]);
        assert.deepEqual(called.toSorted(), isLast ? ['x'] : ['smuggled', 'x']);
      });
    }
  }

  for (const [name, bytes] of OFFERS) {
    it(`200 to an offer of ${name}; what comes with it in one read is not read, and the connection ends`, async () => {
      const [answer, ...more] = await send(bytes + NEXT, 10_000);
      assert.deepEqual([answer?.status, answer?.body, answer?.headers.get('connection'), more.length], [200, BODY, 'close', 0]);
      assert.deepEqual(called, ['x']);
    });

    it(`200 to an offer of ${name}, and the connection goes on`, async () => {
      assert.deepEqual((await send(bytes + NEXT, 1)).map(({ status, body }) => [status, body]), [[200, BODY], [200, '{"aString":"smuggled"}']]);
    });
  }

  for (const [name, bytes] of REFUSED.filter((shape) => shape[1].includes('chunked\r\n\r\n') && shape[1].includes('HTTP/1.1'))) {
    it(`400, with an offer of another protocol: ${name}`, async () => {
      const offer = bytes.replace('Host: a', 'Host: a\r\nConnection: Upgrade\r\nUpgrade: h2c');
      assert.deepEqual((await send(offer + NEXT, 10_000)).map(({ status }) => status), [400]);
      assert.deepEqual((await send(offer + NEXT, 7)).map(({ status }) => status), [400]);
      assert.deepEqual(called, []);
    });
  }

  for (const [name, bytes] of REFUSED) {
    it(`400 behind an offer of another protocol: ${name}`, async () => {
      const [offer = ''] = OFFERS.map((shape) => shape[1]);
      assert.deepEqual((await send(offer + bytes + NEXT, 1)).map(({ status }) => status), [200, 400]);
      assert.deepEqual(called, ['x']);
    });
  }

  it('says nothing of the bytes, and logs them as a refusal that leads to no method', async () => {
    const logged = transcoder.lines.length;
    await send(`GET /echo HTTP/1.1\r\nHost: a\r\nSecret : token-value\r\n\r\n`, 10_000);
    const lines = transcoder.lines.slice(logged);
    assert.deepEqual(lines.map(({ msg, wire, reason, peer }) => [msg, wire, reason, peer]), [['call refused', 'rest', 'INVALID', '127.0.0.1']]);
    assert.doesNotMatch(JSON.stringify(lines), /token-value/);
  });
});
