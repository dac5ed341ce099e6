import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { Call } from '../../src/call/call.ts';
import { pause } from '../faults/fixtures/child.ts';
import { openLine, until } from '../limits/fixtures.ts';
import type { RawLine } from '../limits/fixtures.ts';
import { startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';
import { Callers, WATCH } from './stream_callers.ts';

const REQUEST = 'GET /stream/events HTTP/1.1\r\nHost: a\r\n\r\n';
const LAST_CHUNK = '\r\n0\r\n\r\n';
const BODY = 60_000;
const CONNECTIONS = 200;

describe('limits and streams', () => {
  let transcoder: TestTranscoder;
  let callers: Callers;
  /** Lets every stream send one more message and end. */
  let goOn: AbortController;

  beforeEach(async () => {
    goOn = new AbortController();
    const { signal: wanted } = goOn;
    transcoder = await startTranscoder(
      {
        [WATCH]: async function* watch(_request: object, { signal }: Call) {
          yield { eventNumber: 1, word: '', load: Buffer.alloc(0) };
          if (!wanted.aborted) await Promise.race([once(wanted, 'abort'), once(signal, 'abort')]);
          yield { eventNumber: 2, word: '', load: Buffer.alloc(0) };
        },
      },
      { connections: CONNECTIONS },
    );
    callers = new Callers(transcoder);
  });
  afterEach(async () => {
    callers[Symbol.dispose]();
    await transcoder[Symbol.asyncDispose]();
  });

  const line = (): Promise<RawLine> => openLine(Number(new URL(transcoder.url).port));

  async function watchingLine(request = REQUEST): Promise<RawLine> {
    const opened = await line();
    opened.socket.write(request);
    await until(() => opened.text().includes('"eventNumber":1'), 'the stream has begun');
    return opened;
  }

  it('room for a connection is made by an idle one, and never by one with a stream', async () => {
    const watching = await watchingLine();
    const idle = await Promise.all(Array.from({ length: CONNECTIONS - 1 }, line));
    await until(() => transcoder.load().connections === CONNECTIONS, 'all are in');
    const newcomers = await Promise.all(Array.from({ length: CONNECTIONS }, line));
    await until(() => idle.every(({ isClosed }) => isClosed()), 'the idle ones have gone');
    assert.equal(watching.isClosed(), false);
    goOn.abort();
    await until(() => watching.text().endsWith(LAST_CHUNK), 'the stream ends well');
    for (const { socket } of [watching, ...newcomers]) socket.destroy();
  });

  it('room for streams of gRPC is made by connections over which nothing has succeeded', async () => {
    const watched = await callers.watch('grpc', { scenario: '' });
    await watched.head;
    const sessions = Array.from({ length: 40 }, () => connect(`http://${transcoder.grpc}`));
    for (const session of sessions) {
      session.on('error', () => {});
      for (let count = 0; count < 32; count += 1) {
        session.request({ ':method': 'POST', ':path': WATCH, 'content-type': 'application/grpc', te: 'trailers' }, { endStream: false }).on('error', () => {});
      }
    }
    await until(() => sessions.some(({ destroyed }) => destroyed), 'some connections are closed');
    goOn.abort();
    assert.equal((await watched.end).code, 0);
    assert.deepEqual(watched.numbers, [1, 2]);
    for (const session of sessions) session.destroy();
  });

  it('bodies of streams are not held once these have begun', async () => {
    // Together more than all bodies that are being read may be, for which the oldest would have to go.
    const body = JSON.stringify({ count: 1 }).padEnd(BODY);
    const request = `POST /stream/events HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${BODY}\r\n\r\n${body}`;
    const lines = await Promise.all(Array.from({ length: 150 }, () => watchingLine(request)));
    const late = await line();
    late.socket.write(request.slice(0, -1));
    assert.equal(lines.filter(({ isClosed }) => isClosed()).length + Number(late.isClosed()), 0);
    for (const { socket } of [...lines, late]) socket.destroy();
  });

  for (const behind of ['no request\r\n\r\n', 'GET /stream/events HTTP/1.1\r\nHost: a\r\nX: a\u0000b\r\n\r\n', 'GET ']) {
    it(`what comes behind a stream does not hide that its caller goes away: ${JSON.stringify(behind)}`, async () => {
      const watching = await watchingLine();
      watching.socket.write(behind);
      // Time for the parser to stumble over it.
      await pause(50);
      assert.equal(transcoder.load().streams, 1);
      watching.socket.destroy();
      await until(() => transcoder.load().streams === 0, 'the stream has ended', 1_000);
    });
  }

  it('a drain lets go of a connection when its stream has ended', async () => {
    const watching = await watchingLine();
    transcoder.drain();
    assert.equal(watching.isClosed(), false);
    goOn.abort();
    await until(watching.isClosed, 'the connection is closed');
    assert.ok(watching.text().endsWith(LAST_CHUNK));
    assert.match(watching.text(), /"eventNumber":2/);
  });

  it('the connection of a stream that has ended in good time stays', async () => {
    const watching = await watchingLine();
    goOn.abort();
    await until(() => watching.text().endsWith(LAST_CHUNK), 'the stream ends');
    watching.socket.write(REQUEST);
    await until(() => watching.text().split(LAST_CHUNK).length === 3, 'another stream over it');
    assert.equal(watching.isClosed(), false);
    watching.socket.destroy();
  });
});
