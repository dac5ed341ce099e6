import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'mocha';
import { Bodies } from '../../src/transport/rest/body/bodies.ts';
import { assertAnswer } from '../wire/answer.ts';
import { UPDATE, makeUpdate } from '../wire/harness.ts';
import { withBench } from '../wire/rows.ts';
import { openLine, until, untilAtRest } from './fixtures.ts';
import type { RawLine } from './fixtures.ts';

const KIB = 1_024;
const HEAD = 'HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';

describe('the limits of HTTP/1.1', () => {
  const bench = withBench();
  const port = (): number => bench().service.app.http.port;

  it('headers over 16 KiB are refused with 431', async () => {
    const line = await openLine(port());
    line.socket.write(`GET /v1/projects HTTP/1.1\r\nHost: a\r\nX-Large: ${'a'.repeat(17 * KIB)}\r\n\r\n`);
    await until(line.isClosed, 'the connection is closed');
    assert.match(line.text(), /^HTTP\/1\.1 431 /);
  });

  it('a ninth request before the first is answered closes the connection, and nothing of them stays', async () => {
    const line = await openLine(port());
    line.socket.write(`GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(9));
    await until(line.isClosed, 'the connection is closed');
    const eight = await openLine(port());
    eight.socket.write(`GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(8));
    await until(() => eight.text().split('HTTP/1.1 404 ').length === 9, 'eight are answered');
    eight.socket.destroy();
  });

  it('a body in crumbs closes the connection', async () => {
    const line = await openLine(port());
    line.socket.write(`POST ${UPDATE} ${HEAD}Transfer-Encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(3_000)}`);
    await until(line.isClosed, 'the connection is closed');
    assert.equal(line.text(), '');
  });

  it('so do hundreds of requests at once, and a body in a thousand lines does not', async () => {
    const line = await openLine(port());
    line.socket.write(`GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(400));
    await until(line.isClosed, 'the connection is closed');
    const body = `{"pop":"AAAA"${' \r\n'.repeat(1_000)}}`;
    assertAnswer(await bench().send('rest', { authorization: makeUpdate(await bench().device()).jwt, body }), 'E400');
  });

  it('slow headers, slow bodies and silence end in time, and a rotation goes on beside them', async function () {
    this.timeout(60_000);
    const [silent, headers, body] = [await openLine(port()), await openLine(port()), await openLine(port())];
    headers.socket.write('POST /v1/devices HTTP/1.1\r\nX-Slow: ');
    body.socket.write(`POST /v1/devices ${HEAD}Content-Length: 1000\r\n\r\n`);
    const drip = setInterval(() => {
      for (const { socket } of [headers, body]) if (socket.writable) socket.write('a');
    }, 500);
    try {
      await until(() => silent.isClosed() && headers.isClosed(), 'silence and slow headers end', 20_000);
      assert.equal(body.isClosed(), false);
      assertAnswer(await bench().sendUpdate('rest', makeUpdate(await bench().device())), 'OK');
      await until(body.isClosed, 'the slow body ends', 30_000);
      for (const { text } of [headers, body]) assert.match(text(), /^(HTTP\/1\.1 408 .*)?/);
    } finally {
      clearInterval(drip);
    }
  });

  it('all that leaves nothing behind', async () => {
    bench().rest[Symbol.dispose]();
    bench().grpc[Symbol.dispose]();
    await untilAtRest(bench().service);
  });
});

describe('bodies together', () => {
  it('hold at most 8 MiB: for want of room the slowest large one is cut off, small ones never', async () => {
    const bodies = new Bodies();
    const read: number[] = [];
    const server = createServer((request, response) => {
      const over = (release: () => void): void => void response.once('close', release);
      bodies.read(request, 64 * KIB, over).then(
        ({ size }) => {
          read.push(size);
          response.end();
        },
        () => {},
      );
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve());
    });
    const { port } = server.address() as AddressInfo;
    const small = await openLine(port);
    small.socket.write(`POST / ${HEAD}Content-Length: 4000\r\n\r\n${'a'.repeat(3_999)}`);
    const large: RawLine[] = [];
    for (let count = 0; count < 300; count += 1) {
      const line = await openLine(port);
      line.socket.write(`POST / ${HEAD}Content-Length: ${64 * KIB}\r\n\r\n${'a'.repeat(64 * KIB - 1)}`);
      large.push(line);
    }
    await until(() => large.slice(0, 40).every((line) => line.isClosed()), 'the first large ones are cut off');
    assert.ok(bodies.held <= 8 << 20, String(bodies.held));
    assert.deepEqual([small.isClosed(), large.at(-1)?.isClosed()], [false, false]);
    for (const { socket } of [small, ...large]) if (socket.writable) socket.write('a');
    await until(() => read.includes(4_000) && read.includes(64 * KIB), 'the others are read');
    for (const { socket } of [small, ...large]) socket.destroy();
    await until(() => bodies.held === 0, 'nothing is held any more');
    server.close();
  });
});
