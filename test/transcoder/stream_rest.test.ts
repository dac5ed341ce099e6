import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { after, before, describe, it } from 'mocha';
import type { Call } from '../../src/call/call.ts';
import { tcp, untilEnd, untilMatch } from '../transport/fixtures/sockets.ts';
import { startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';
import { WATCH } from './stream_callers.ts';

interface Request {
  readonly scenario: string;
  readonly count: number;
}

const EVENTS = (count: number): string => `/stream/events?count=${count}`;
const EMPTY = '{"eventNumber":0,"word":"","load":""}\n';

/** The scenarios that were begun. */
const started: string[] = [];

async function* watch({ scenario, count }: Request, { signal }: Call): AsyncGenerator<object> {
  started.push(scenario);
  for (let eventNumber = 1; eventNumber <= count; eventNumber += 1) {
    yield { eventNumber, word: `line\n\u2028${eventNumber}`, load: Buffer.alloc(0) };
  }
  if (scenario === 'empty') yield { eventNumber: 0, word: '', load: Buffer.alloc(0) };
  if (scenario === 'fail') throw new Error('unknown');
  if (scenario === 'wait') await once(signal, 'abort');
}

describe('streams over REST', () => {
  let transcoder: TestTranscoder;
  let port: number;
  before(async () => {
    transcoder = await startTranscoder({ [WATCH]: watch });
    port = Number(new URL(transcoder.url).port);
  });
  after(() => transcoder[Symbol.asyncDispose]());

  async function say(text: string): Promise<Socket> {
    const socket = await tcp(port);
    socket.write(text.replaceAll('\n', '\r\n'));
    return socket;
  }

  it('are lines of compact JSON, in chunks, without a line for success', async () => {
    const socket = await say(`GET ${EVENTS(2)} HTTP/1.1\nHost: a\nConnection: close\n\n`);
    const text = await untilEnd(socket);
    const [head = ''] = text.split('\r\n\r\n', 1);
    assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
    for (const line of ['Content-Type: application/x-ndjson', 'Transfer-Encoding: chunked', 'Cache-Control: no-store', 'X-Content-Type-Options: nosniff']) {
      assert.ok(head.split('\r\n').includes(line), `${line} is not in ${head}`);
    }
    assert.match(head, /\r\nX-Request-ID: /);
    assert.doesNotMatch(head, /Content-Length/i);
    const answer = await transcoder.rest.send({ method: 'GET', target: EVENTS(2) });
    const lines = answer.body.split('\n');
    assert.deepEqual(lines, [`{"eventNumber":1,"word":"line\\n\u20281","load":""}`, `{"eventNumber":2,"word":"line\\n\u20282","load":""}`, '']);
    assert.ok(text.endsWith('\r\n0\r\n\r\n'), 'the last chunk');
  });

  it('flush each line, and the head before any', async () => {
    const silent = await say('GET /stream/events?scenario=wait HTTP/1.1\nHost: a\n\n');
    await untilMatch(silent, /^HTTP\/1\.1 200 OK[^]*\r\n\r\n$/);
    silent.destroy();
    const one = await say('GET /stream/events?scenario=wait&count=1 HTTP/1.1\nHost: a\n\n');
    await untilMatch(one, /"eventNumber":1,.*\n\r\n$/);
    one.destroy();
  });

  it('end with an error as the last line, then with the last chunk, and the connection stays', async () => {
    const socket = await say('GET /stream/events?scenario=fail&count=1 HTTP/1.1\nHost: a\n\n');
    const text = await untilMatch(socket, /0\r\n\r\n$/);
    assert.match(text, /"eventNumber":1,[^]*\n\{"error":\{"code":13,"message":"internal\.","details":\[\{"@type":"type\.googleapis\.com\/google\.rpc\.ErrorInfo","reason":"INTERNAL","domain":"transcoder"\}\]\}\}\n\r\n0\r\n\r\n$/);
    socket.write(`GET ${EVENTS(1)} HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.match(await untilMatch(socket, /0\r\n\r\n$/), /^HTTP\/1\.1 200 OK\r\n[^]*"eventNumber":1/);
    socket.write('GET /stream/unknown HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.match(await untilEnd(socket), /^HTTP\/1\.1 404 /);
  });

  it('that were asked for before the last one ended come one after the other', async () => {
    const requests = [3, 0, 1].map((count) => `GET ${EVENTS(count)} HTTP/1.1\nHost: a\nConnection: ${count === 1 ? 'close' : 'keep-alive'}\n\n`);
    const socket = await say(requests.join(''));
    const answers = (await untilEnd(socket)).split('HTTP/1.1 200 OK').slice(1);
    assert.deepEqual(answers.map((answer) => answer.split('"eventNumber"').length - 1), [3, 0, 1]);
    for (const answer of answers) assert.ok(answer.endsWith('0\r\n\r\n'));
  });

  it('have no chunks for HTTP/1.0 and end with the connection, also with an error', async () => {
    const good = await untilEnd(await say(`GET ${EVENTS(1)} HTTP/1.0\nConnection: keep-alive\n\n`));
    assert.match(good, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n\{"eventNumber":1,[^\n]*\}\n$/);
    assert.doesNotMatch(good, /chunked/);
    assert.match(good, /\r\nConnection: close\r\n/i);
    const bad = await untilEnd(await say('GET /stream/events?scenario=fail&count=1 HTTP/1.0\n\n'));
    assert.match(bad, /"eventNumber":1,[^\n]*\n\{"error":\{[^\n]*\}\n$/);
  });

  it('have only a head for HEAD, for which no handler is started, and refusals without a body', async () => {
    const already = started.length;
    const socket = await say('HEAD /stream/events?scenario=wait&count=1 HTTP/1.1\nHost: a\n\n');
    const head = await untilMatch(socket, /\r\n\r\n/);
    assert.match(head, /^HTTP\/1\.1 200 OK\r\n[^]*Content-Type: application\/x-ndjson\r\n[^]*\r\n\r\n$/);
    socket.write('HEAD /stream/events?nobody=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.match(await untilEnd(socket), /^HTTP\/1\.1 400 [^]*\r\n\r\n$/);
    assert.equal(started.length, already);
  });

  it('take a body like any call', async () => {
    const headers = [['Content-Type', 'application/json']] as const;
    const good = await transcoder.rest.send({ target: '/stream/events', headers, body: '{"count":2}' });
    assert.equal(good.body.split('\n').length, 3);
    const bad = await transcoder.rest.send({ target: '/stream/events', headers, body: '{"count":"x"}' });
    assert.deepEqual([bad.status, bad.reason, bad.fields], [400, 'INVALID', ['count']]);
    const large = await transcoder.rest.send({ target: '/stream/events', headers, body: ' '.repeat(65_537) });
    assert.equal(large.status, 413);
  });

  it('are the bare field that response_body names', async () => {
    const { body } = await transcoder.rest.send({ method: 'GET', target: '/stream/words?count=2' });
    assert.equal(body, '"line\\n\u20281"\n"line\\n\u20282"\n');
  });

  it('follow the rules of the method for unset fields', async () => {
    const { body } = await transcoder.rest.send({ method: 'GET', target: '/stream/events?scenario=empty' });
    assert.equal(body, EMPTY);
  });

  it('answer other methods with those of the path', async () => {
    const answer = await transcoder.rest.send({ method: 'DELETE', target: '/stream/events' });
    assert.deepEqual([answer.status, answer.headers.get('allow')], [405, ['GET, HEAD, OPTIONS, POST']]);
  });
});
