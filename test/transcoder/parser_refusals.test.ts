import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'mocha';
import { readAnswers } from '../fuzz/answers.ts';
import type { FuzzAnswer } from '../fuzz/answers.ts';
import { openLine, until } from '../limits/fixtures.ts';
import type { RawLine } from '../limits/fixtures.ts';
import { startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';
import { BODY, CHUNKED, HEAD } from './shapes.ts';

const GET = 'GET /echo HTTP/1.1\r\nHost: a\r\n';
const BAD = `${GET}X : a\r\n\r\n`;
const rpc = (code: number, message: string, reason: string): object => ({
  code,
  message,
  details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'transcoder' }],
});

/** Bytes, the status and what the body has. */
const ROWS: readonly (readonly [name: string, bytes: string, status: number, body: object])[] = [
  ['a target over 8 KiB', `GET /echo?${'x'.repeat(8_187)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414, rpc(3, 'target too long.', 'TARGET_TOO_LONG')],
  ['a target over 16 KiB', `GET /echo?${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414, rpc(3, 'target too long.', 'TARGET_TOO_LONG')],
  ['101 headers', `${GET}${'X: a\r\n'.repeat(100)}\r\n`, 431, rpc(3, 'headers too large.', 'HEADERS_TOO_LARGE')],
  ['thousands of headers', `${GET}${'X:\r\n'.repeat(3_000)}\r\n`, 431, rpc(3, 'headers too large.', 'HEADERS_TOO_LARGE')],
  ['headers over 16 KiB', `${GET}X: ${'x'.repeat(17_000)}\r\n\r\n`, 431, rpc(3, 'headers too large.', 'HEADERS_TOO_LARGE')],
  ['trailers over 16 KiB', `${CHUNKED}0\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`, 431, rpc(3, 'headers too large.', 'HEADERS_TOO_LARGE')],
  ['an unknown expectation', `${HEAD}Expect: magic\r\nContent-Length: 15\r\n\r\n${BODY}`, 417, rpc(3, 'invalid.', 'INVALID')],
  ['one without a value', `${HEAD}Expect:\r\nContent-Length: 15\r\n\r\n${BODY}`, 417, rpc(3, 'invalid.', 'INVALID')],
  ['one that is repeated', `${HEAD}Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 15\r\n\r\n${BODY}`, 417, rpc(3, 'invalid.', 'INVALID')],
  ['a known one among others', `${HEAD}Expect: 100-continue, magic\r\nContent-Length: 15\r\n\r\n${BODY}`, 417, rpc(3, 'invalid.', 'INVALID')],
  ['what is no HTTP', '\x16\x03\x01\0\xa5\x01\0\0', 400, rpc(3, 'invalid.', 'INVALID')],
];

/** Calls that go on when they are told. */
const waiting: (() => void)[] = [];

async function wait(request: object): Promise<object> {
  await new Promise<void>((resolve) => void waiting.push(resolve));
  return request;
}

async function ended(line: RawLine): Promise<FuzzAnswer[]> {
  await until(line.isClosed, 'the connection is closed');
  return readAnswers(Buffer.from(line.text(), 'latin1'), false);
}

describe('what never becomes a call', () => {
  let transcoder: TestTranscoder;

  before(async () => {
    transcoder = await startTranscoder({ '/transcoder.v1.EdgeService/Wait': wait });
  });
  after(() => transcoder[Symbol.asyncDispose]());

  async function open(text: string): Promise<RawLine> {
    const line = await openLine(Number(new URL(transcoder.url).port));
    line.socket.write(Buffer.from(text, 'latin1'));
    return line;
  }

  for (const [name, bytes, status, body] of ROWS) {
    it(`${status}: ${name}`, async () => {
      const answers = await ended(await open(bytes));
      assert.deepEqual(answers.map((answer) => [answer.status, JSON.parse(answer.body), answer.headers.get('connection')]), [[status, body, 'close']]);
      assert.match(answers[0]?.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
      assert.equal(answers[0]?.headers.get('cache-control'), 'no-store');
    });
  }

  it('sizes answer in the envelope that owns the path, which may have no reason of its own for them', async () => {
    for (const large of [`GET /idp/x?${'x'.repeat(9_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, `GET /idp/x?${'x'.repeat(17_000)}`, `GET /idp/x HTTP/1.1\r\nX: ${'x'.repeat(17_000)}`]) {
      const [answer] = await ended(await open(large));
      assert.deepEqual([answer?.status, JSON.parse(answer?.body ?? '').error.message], [404, 'idp not found.']);
    }
    const [other] = await ended(await open('GET /idp/introspect HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'));
    assert.deepEqual([other?.status, JSON.parse(other?.body ?? '')], [400, rpc(3, 'invalid.', 'INVALID')]);
  });

  it('a target of 8 KiB and 100 headers are taken, and 100-continue in any case', async () => {
    const target = `/echo?${'&'.repeat(8_186)}`;
    const answers = await ended(await open(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${'X: a\r\n'.repeat(98)}\r\n`));
    assert.deepEqual(answers.map(({ status }) => status), [200]);
    const line = await open(`${HEAD}Connection: close\r\nExpect: 100-Continue\r\nContent-Length: 15\r\n\r\n`);
    await until(() => line.text() === 'HTTP/1.1 100 Continue\r\n\r\n', 'it is told to go on');
    line.socket.write(BODY);
    assert.deepEqual((await ended(line)).map(({ status }) => status), [200]);
  });

  it('answers what came before it first, each in its turn', async () => {
    const line = await open(`GET /edge/wait HTTP/1.1\r\nHost: a\r\n\r\n${GET}\r\n${BAD}${GET}\r\n`);
    await until(() => waiting.length === 1, 'the call has begun');
    await sleep(100);
    assert.deepEqual([line.text(), line.isClosed()], ['', false]);
    waiting.pop()?.();
    assert.deepEqual((await ended(line)).map(({ status }) => status), [200, 200, 400]);
  });

  it('answers a request whose body is broken by itself, and behind those before it', async () => {
    for (const broken of [`${CHUNKED}f;a\r\n`, `${CHUNKED}5\r\n{"a"\r\n`, `${CHUNKED}5\r\n{"aStX`]) {
      const line = await open(`GET /edge/wait HTTP/1.1\r\nHost: a\r\n\r\n${broken}`);
      await until(() => waiting.length === 1, 'the call has begun');
      waiting.pop()?.();
      assert.deepEqual((await ended(line)).map(({ status }) => status), [200, 400]);
    }
  });

  it('says nothing more to a request that is answered already', async () => {
    const line = await open(`POST /nowhere HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`);
    await until(() => line.text().includes('not found.'), 'it is answered before its body');
    line.socket.write('zz\r\n');
    assert.deepEqual((await ended(line)).map(({ status }) => status), [404]);
  });

  it('reads nothing behind a request that asks for the end', async () => {
    const line = await open(`${GET}Connection: close\r\n\r\n${GET}\r\n${BAD}`);
    assert.deepEqual((await ended(line)).map(({ status }) => status), [200]);
  });

  it('a body that ends before its length is refused if its sender still listens', async () => {
    const line = await open(`${HEAD}Content-Length: 16\r\n\r\n${BODY}`);
    line.socket.end();
    assert.ok((await ended(line)).every(({ status }) => status === 400));
  });

  it('408 to a request that is not whole in time, and nothing to silence', async function () {
    this.timeout(30_000);
    const [silent, slow, second] = [await open(''), await open('GET /echo HTTP/1.1\r\nHost:'), await open(`${GET}\r\nGET /e`)];
    await until(() => silent.isClosed() && slow.isClosed() && second.isClosed(), 'all are closed', 25_000);
    assert.equal(silent.text(), '');
    const late = (await ended(slow))[0];
    assert.deepEqual([late?.status, JSON.parse(late?.body ?? ''), late?.headers.get('connection')], [408, rpc(4, 'deadline.', 'DEADLINE'), 'close']);
    assert.deepEqual((await ended(second)).map(({ status }) => status), [200, 408]);
  });
});
