import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { after, before, describe, it } from 'mocha';
import { eventually } from '../faults/fixtures/child.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { grpcClient, listDevices } from './fixtures/grpc.ts';
import { ask, openConnections, tcp, tls, untilEnd, untilMatch } from './fixtures/sockets.ts';
import { tlsFolder } from './fixtures/tls_folder.ts';
import type { TlsFolder } from './fixtures/tls_folder.ts';

const AUTHORIZED = `Host: x\r\nAuthorization: Bearer ${OPERATOR_TOKEN}\r\n`;
const GET = `GET /v1/projects HTTP/1.1\r\n${AUTHORIZED}`;

describe('TLS', () => {
  let folder: TlsFolder;
  let service: TestService;
  let ca: string;
  let ports: { http: number; grpc: number; operator: number };
  before(async () => {
    folder = tlsFolder();
    service = await startService({ settings: { ...folder.settings, KEYTURN_OPERATOR_LISTEN: '127.0.0.1:0' } });
    ca = folder.ca.cert;
    ports = { http: service.app.http.port, grpc: service.app.grpc.port, operator: service.app.operator?.port ?? 0 };
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });
  const operatorUrl = (): string => `https://${service.operator}`;
  const authorization = `Bearer ${OPERATOR_TOKEN}`;

  it('is what REST speaks, with the word to stay with it', async () => {
    const answer = await ask(operatorUrl(), '/v1/projects', { headers: { authorization } }, { ca });
    assert.equal(answer.status, 200, answer.body);
    assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000');
    assert.equal((await ask(service.url, '/livez', {}, { ca })).headers['strict-transport-security'], 'max-age=31536000');
  });

  it('is what gRPC speaks', async () => {
    using client = grpcClient(service.operator, { ca });
    assert.equal(await listDevices(client), 0);
  });

  it('serves a bare client of HTTP/2', async () => {
    const session = connectHttp2(`https://127.0.0.1:${ports.grpc}`, { ca, servername: 'localhost' });
    const stream = session.request({ ':method': 'POST', ':path': '/grpc.health.v1.Health/Check', 'content-type': 'application/grpc', te: 'trailers' });
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => void chunks.push(chunk));
    stream.end(Buffer.alloc(5));
    await once(stream, 'end');
    session.close();
    assert.deepEqual(Buffer.concat(chunks), Buffer.from([0, 0, 0, 0, 2, 8, 1]), 'SERVING');
  });

  for (const name of ['http', 'grpc', 'operator'] as const) {
    it(`is 1.2 or newer: ${name}`, async () => {
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        const socket = await tls(ports[name], { ca, minVersion: version, maxVersion: version });
        assert.equal(socket.getProtocol(), version);
        socket.destroy();
      }
      const old = { ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
      await assert.rejects(tls(ports[name], old), /protocol version|EPROTO|ECONNRESET/i);
    });

    it(`has no answer to plain text: ${name}`, async () => {
      for (const text of [`${GET}\r\n`, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\0'.repeat(100), '\x16\x03\x01\xff\xff', '\x16\x03\x01\0\x04\x01\0\0\0']) {
        const socket = await tcp(ports[name]);
        socket.end(text, 'latin1');
        assert.doesNotMatch(await untilEnd(socket), /HTTP|project/, JSON.stringify(text));
      }
      assert.equal((await ask(service.url, '/livez', {}, { ca })).status, 200);
    });
  }

  it('cuts handshakes that are never finished', async () => {
    const cut = Object.values(ports).map(async (port) => {
      const [silent, begun, dripping] = await Promise.all([tcp(port), tcp(port), tcp(port)]);
      begun.write(Buffer.from('16030100c8010000c40303', 'hex'));
      dripping.write(Buffer.from('16030101', 'hex'));
      const drip = setInterval(() => dripping.write(Buffer.alloc(1)), 500);
      await Promise.all([silent, begun, dripping].map((socket) => untilEnd(socket, 15_000))).finally(() => clearInterval(drip));
    });
    await Promise.all(cut);
  }).timeout(30_000);

  it('has no protocol in common with a client that asks for another one', async () => {
    await assert.rejects(tls(ports.http, { ca, ALPNProtocols: ['h2'] }), /no application protocol/i);
    await assert.rejects(tls(ports.grpc, { ca, ALPNProtocols: ['http/1.1'] }), /no application protocol/i);
    await assert.rejects(tls(ports.operator, { ca, ALPNProtocols: ['spdy/3'] }), /no application protocol/i);
  });

  it('ends a client that names no protocol and speaks the wrong one', async () => {
    const http1 = await tls(ports.grpc, { ca });
    http1.write(`${GET}\r\n`);
    assert.doesNotMatch(await untilEnd(http1), /project/);
    const http2 = await tls(ports.http, { ca });
    http2.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    assert.match(await untilEnd(http2), /^HTTP\/1\.1 400 /);
    const garbage = await tls(ports.grpc, { ca, ALPNProtocols: ['h2'] });
    garbage.write('\xff'.repeat(200), 'latin1');
    await untilEnd(garbage);
  });

  it('ends when records are forged', async () => {
    for (const [port, protocol] of [[ports.http, 'http/1.1'], [ports.grpc, 'h2'], [ports.operator, 'h2']] as const) {
      const raw = await tcp(port);
      const socket = await tls(port, { ca, socket: raw, ALPNProtocols: [protocol] });
      raw.write(Buffer.from('1703030020' + '00'.repeat(32), 'hex'));
      await untilEnd(socket);
    }
  });

  it('keeps a connection for many requests', async () => {
    const socket = await tls(ports.operator, { ca });
    for (let turn = 0; turn < 5; turn += 1) {
      socket.write(`${GET}\r\n`);
      assert.match(await untilMatch(socket, /\}$/), /^HTTP\/1\.1 200 OK\r\n[^]*Connection: keep-alive/);
    }
    socket.destroy();
  });

  it('answers requests in order that are sent at once', async () => {
    const socket = await tls(ports.operator, { ca });
    socket.write(Array.from({ length: 8 }, (_, index) => `${GET}X-Request-ID: r-${index}\r\n${index === 7 ? 'Connection: close\r\n' : ''}\r\n`).join(''));
    const answers = await untilEnd(socket);
    assert.deepEqual(Array.from(answers.matchAll(/^X-Request-ID: (.*)\r$/gm), (match) => match[1]), Array.from({ length: 8 }, (_, index) => `r-${index}`));
  });

  it('takes large bodies, and refuses larger ones with an answer', async () => {
    const headers = { authorization, 'content-type': 'application/json' };
    const name = 'of a large body';
    const send = (size: number) => ask(operatorUrl(), '/v1/projects', { method: 'POST', headers, body: JSON.stringify({ name }).padEnd(size) }, { ca });
    assert.equal((await send(65_536)).status, 200);
    assert.equal((await send(65_537)).status, 413);
    assert.equal((await send(2_000_000)).status, 413);
  });

  it('asks for a body that waits to be asked for, unless it is refused', async () => {
    for (const [length, answer] of [[16, /^HTTP\/1\.1 100 Continue\r\n\r\n$/], [65_537, /^HTTP\/1\.1 413 /]] as const) {
      const socket = await tls(ports.operator, { ca });
      socket.write(`POST /v1/projects HTTP/1.1\r\n${AUTHORIZED}Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`);
      assert.match(await untilMatch(socket, /\r\n\r\n/), answer);
      socket.end('{"name":"aaaaa"}');
      await untilEnd(socket);
    }
  });

  it('leaves nothing behind of 500 connections, good or broken', async () => {
    const kinds: readonly ((port: number) => Promise<unknown>)[] = [
      (port) => tcp(port).then((socket) => socket.destroy()),
      (port) => tcp(port).then((socket) => socket.resetAndDestroy()),
      (port) => tcp(port).then((socket) => untilEnd(socket.end('garbage'))),
      (port) => tls(port, { ca }).then((socket) => socket.destroy()),
      (port) => tls(port, { ca }).then((socket) => untilEnd(socket.end())),
      (port) => tls(port, { ca }).then((socket) => untilEnd(socket.end(`${GET}Connection: close\r\n\r\n`))),
      (port) => tls(port, { ca }).then((socket) => socket.end('POST /device/update/pubkey HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf').destroySoon()),
      (port) => tls(port, { ca, ALPNProtocols: ['h2'] }).then((socket) => socket.end('PRI * HT'), () => undefined),
      (port) => tls(port, { ca: [] }).catch(() => undefined),
      (port) => tls(port, { ca, ALPNProtocols: ['none'] }).catch(() => undefined),
    ];
    for (let round = 0; round < 17; round += 1) {
      await Promise.all(Object.values(ports).flatMap((port) => kinds.map((kind) => kind(port))));
    }
    await eventually(async () => assert.deepEqual(await openConnections(service.url, { ca }), { http: 0, grpc: 0, operator: 0 }));
  }).timeout(60_000);
});
