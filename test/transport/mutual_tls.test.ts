import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { after, before, describe, it } from 'mocha';
import { eventually } from '../faults/fixtures/child.ts';
import { authority, issue } from '../support/certificates.ts';
import type { Issued } from '../support/certificates.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { grpcClient, listDevices } from './fixtures/grpc.ts';
import { openConnections, tls, untilEnd, untilMatch } from './fixtures/sockets.ts';
import { tlsFolder } from './fixtures/tls_folder.ts';
import type { TlsFolder } from './fixtures/tls_folder.ts';

const GET = `GET /v1/projects HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${OPERATOR_TOKEN}\r\n`;
const UNAVAILABLE = 14;

describe('mutual TLS', () => {
  const clients = authority('clients');
  let folder: TlsFolder;
  let service: TestService;
  before(async () => {
    folder = tlsFolder(clients);
    service = await startService({ settings: { ...folder.settings, KEYTURN_OPERATOR_LISTEN: '127.0.0.1:0' } });
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });
  const good = issue({ name: 'good', issuer: clients, purpose: 'client' });
  const ports = (): number[] => [service.app.http.port, service.app.operator?.port ?? 0];
  const showing = (own: Issued | undefined, more: ConnectionOptions = {}): ConnectionOptions => ({ ca: folder.ca.cert, ...(own && { cert: own.cert, key: own.key }), ...more });

  it('lets in who shows a certificate of the authority', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const options = showing(good, { minVersion: version, maxVersion: version });
      assert.match(await answerOf(ports()[1] ?? 0, options), /^HTTP\/1\.1 200 /, version);
      assert.match(await answerOf(ports()[0] ?? 0, options), /^HTTP\/1\.1 404 /, version);
    }
    using client = grpcClient(service.operator, { ca: folder.ca.cert, cert: good.cert, key: good.key });
    assert.equal(await listDevices(client), 0);
  });

  const BAD: Readonly<Record<string, Issued | undefined>> = {
    'no certificate': undefined,
    'one of another authority': issue({ name: 'other', issuer: authority('others'), purpose: 'client' }),
    'one of another authority of the same name': issue({ name: 'other', issuer: authority('clients'), purpose: 'client' }),
    'one that has ended': issue({ name: 'ended', issuer: clients, purpose: 'client', notAfter: -60_000 }),
    'one it has signed itself': issue({ name: 'self' }),
    'one for servers only': issue({ name: 'server', issuer: clients, purpose: 'server' }),
    'one that a client has signed': issue({ name: 'below', issuer: good, purpose: 'client' }),
    "one it has signed itself in the authority's name": issue({ name: 'clients' }),
  };
  for (const [name, own] of Object.entries(BAD)) {
    it(`refuses ${name}, and nothing of the API is reached`, async () => {
      const linesBefore = service.lines.length;
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        for (const port of ports()) assert.equal(await answerOf(port, showing(own, { minVersion: version, maxVersion: version })), '', version);
      }
      for (const address of [service.grpc, service.operator]) {
        using client = grpcClient(address, { ca: folder.ca.cert, ...(own && { cert: own.cert, key: own.key }) });
        assert.equal(await listDevices(client), UNAVAILABLE);
      }
      assert.deepEqual(service.lines.slice(linesBefore).filter(({ message }) => String(message).startsWith('call')), []);
    });
  }

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`gives no ticket that would replace a certificate: ${version}`, async () => {
      const sessions: Buffer[] = [];
      const options = showing(good, { minVersion: version, maxVersion: version });
      const socket = await tls(ports()[1] ?? 0, options);
      socket.on('session', (session: Buffer) => void sessions.push(session));
      socket.write(`${GET}Connection: close\r\n\r\n`);
      await untilEnd(socket);
      const known = socket.getSession();
      for (const session of [...sessions, ...(known === undefined ? [] : [known])]) {
        for (const own of [good, undefined]) {
          const again = await tls(ports()[1] ?? 0, showing(own, { minVersion: version, maxVersion: version, session })).catch(() => undefined);
          assert.equal(again?.isSessionReused() ?? false, false);
          again?.write(`${GET}Connection: close\r\n\r\n`);
          const answer = again === undefined ? '' : await untilEnd(again);
          assert.equal(answer.startsWith('HTTP/1.1 200'), own === good);
        }
      }
    });
  }

  it('takes the word of a new authority from the moment it replaces the old one', async () => {
    const next = authority('next clients');
    const newcomer = issue({ name: 'newcomer', issuer: next, purpose: 'client' });
    const options = showing(good, { maxVersion: 'TLSv1.2' });
    const open = await tls(ports()[1] ?? 0, options);
    const session = open.getSession();
    assert.equal(await answerOf(ports()[1] ?? 0, showing(newcomer)), '');
    folder.replace('clients.crt', next.cert);
    await eventually(async () => assert.match(await answerOf(ports()[1] ?? 0, showing(newcomer)), /^HTTP\/1\.1 200 /));
    for (const port of ports()) {
      assert.equal(await answerOf(port, showing(good)), '');
      assert.equal(await answerOf(port, { ...options, ...(session && { session }) }), '');
    }
    using client = grpcClient(service.operator, { ca: folder.ca.cert, cert: good.cert, key: good.key });
    assert.equal(await listDevices(client), UNAVAILABLE);
    await stillWorks(open);
    await eventually(async () => assert.deepEqual(await openConnections(service.url, showing(newcomer)), { http: 0, grpc: 0, operator: 0 }));
  });
});

async function stillWorks(open: TLSSocket): Promise<void> {
  open.write(`${GET}\r\n`);
  assert.match(await untilMatch(open, /\}$/), /^HTTP\/1\.1 200 /);
  const closed = once(open, 'close');
  open.end();
  await closed;
}

/** What a request over REST gets; nothing if the connection is refused. */
async function answerOf(port: number, options: ConnectionOptions): Promise<string> {
  try {
    const socket = await tls(port, options);
    socket.write(`${GET}Connection: close\r\n\r\n`);
    return await untilEnd(socket);
  } catch {
    return '';
  }
}
