import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttp1 } from 'node:http';
import { createSecureServer, createServer as createHttp2 } from 'node:http2';
import type { Http2ServerResponse } from 'node:http2';
import { createServer as createTcp } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTls } from 'node:tls';
import { Server as GrpcServer, ServerCredentials, status } from '@grpc/grpc-js';
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { after, afterEach, before, describe, it } from 'mocha';
import { HealthService } from '../../gen/grpc/health/v1/health.ts';
import { OperatorServiceService } from '../../gen/keyturn/v1/operator_service.ts';
import { authority, issue } from '../support/certificates.ts';
import { createDatabase } from '../support/postgres.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import { keyturn, runHere } from './keyturn.ts';

const NOT_GRPC = '@ does not speak gRPC; give the gRPC listener of Keyturn';
const CLOSES = '@ takes connections and closes them; is it the gRPC listener of Keyturn, and running?';
const TLS = '@ speaks TLS; give https://@, with KEYTURN_SERVER_CA if its authority is your own';
const NO_TLS = '@ does not speak TLS; give it without https://, or another listener';
const OLDER = '@ is a Keyturn of another version that lacks this call; update it, or use the keyturn command of its version';
const STRANGER = '@ is not Keyturn; give the gRPC or operator listener of Keyturn';

/** A page over HTTP/2 that is not gRPC. */
function page(code: number): (request: unknown, response: Http2ServerResponse) => void {
  return (_request, response) => {
    response.writeHead(code, { 'content-type': 'text/html' });
    response.end('<h1>hello</h1>');
  };
}

/** How a server answers who shows no token that it knows. */
function refuse(_call: unknown, answer: (error: object) => void): void {
  answer({ code: status.UNAUTHENTICATED });
}

function says(bytes: string): (socket: Socket) => void {
  return (socket) => void socket.on('error', () => {}).end(bytes);
}

describe('keyturn and a server that is not what it should be', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-wrong-'));
  const ca = authority();
  const own = issue({ issuer: ca });
  const opened: (() => void)[] = [];
  before(() => writeFileSync(join(folder, 'ca.pem'), ca.cert));
  afterEach(() => {
    for (const close of opened.splice(0)) close();
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Where a server listens, until the end of the test. */
  const listen = async (server: Server): Promise<string> => {
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => sockets.add(socket)).on('tlsClientError', () => {}).listen(0, '127.0.0.1');
    opened.push(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    await once(server, 'listening');
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  const listenGrpc = async (...services: readonly (readonly [Parameters<GrpcServer['addService']>[0], UntypedServiceImplementation])[]): Promise<string> => {
    const server = new GrpcServer();
    for (const [definition, handlers] of services) server.addService(definition, handlers);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    opened.push(() => server.forceShutdown());
    return `127.0.0.1:${port}`;
  };

  /** One line, for a call with one answer, for a stream, and as JSON. */
  const tells = async (place: string, message: string, scheme = ''): Promise<void> => {
    const environment = { KEYTURN_SERVER: `${scheme}${place}`, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN, ...(scheme === '' ? {} : { KEYTURN_SERVER_CA: join(folder, 'ca.pem') }) };
    const line = message.replaceAll('@', place);
    for (const args of [['device', 'show', 'pump-7'], ['events', 'watch']]) {
      const { code, stdout, stderr } = await runHere(args, environment);
      assert.deepEqual([code, stdout, stderr], [1, '', `keyturn: ${line}\n`]);
    }
    const { code, stderr } = await runHere(['device', 'list', '--json'], environment);
    assert.deepEqual([code, JSON.parse(stderr)], [1, { error: { exit_code: 1, message: line, details: [] } }]);
  };

  it('nobody listens', () => tells('127.0.0.1:1', 'cannot reach Keyturn at @; is it running? (keyturn serve)'));
  it('nobody listens, by TLS', () => tells('127.0.0.1:1', 'cannot reach Keyturn at @; is it running? (keyturn serve)', 'https://'));
  it('no host of that name', () => tells('keyturn.invalid:50051', 'cannot reach Keyturn at @: this machine knows no host of that name', 'https://'));
  it('HTTP/1', async () => tells(await listen(createHttp1((_request, response) => response.end('hello'))), NOT_GRPC));
  for (const code of [200, 401, 403, 404]) it(`HTTP/2 that answers ${code}`, async () => tells(await listen(createHttp2(page(code))), NOT_GRPC));
  it('HTTP/2 by TLS', async () => tells(await listen(createSecureServer({ ...own, ALPNProtocols: ['h2'] }, page(200))), NOT_GRPC, 'https://'));
  it('a proxy before nothing', async () => tells(await listen(createHttp2(page(502))), '@ is a proxy that does not reach what is behind it (HTTP status 502); is Keyturn running there?'));
  it('TLS, spoken to without', async () => tells(await listen(createTls(own, says(''))), TLS));
  it('no TLS, spoken to by it', async () => tells(await listen(createHttp2(page(200))), NO_TLS, 'https://'));
  it('HTTP/1, spoken to by TLS', async () => tells(await listen(createHttp1()), NO_TLS, 'https://'));
  it('HTTP/1 by TLS', async () => tells(await listen(createTls({ ...own, ALPNProtocols: ['http/1.1'] }, says(''))), NOT_GRPC, 'https://'));
  it('one that speaks first', async () => tells(await listen(createTcp(says('SSH-2.0-OpenSSH_9.2\r\n'))), NOT_GRPC));

  it('one that never answers, by TLS too: the command ends when it has said so', async () => {
    const place = await listen(createTcp());
    for (const scheme of ['', 'https://']) {
      const began = performance.now();
      const { code, stderr } = await keyturn(['device', 'list'], { environment: { KEYTURN_SERVER: `${scheme}${place}`, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN } });
      assert.deepEqual([code, stderr], [1, `keyturn: ${place} takes connections but ${NOT_GRPC.slice(2)}\n`]);
      assert.ok(performance.now() - began < 30_000);
    }
  });

  it('one that closes', async () => tells(await listen(createTcp((socket) => socket.destroy())), CLOSES));

  it('the REST listener', async () => {
    await using service = await startService();
    await tells(new URL(service.url).host, NOT_GRPC);
  });

  it('the gRPC listener beside an operator listener', async () => {
    await using service = await startService({ settings: { KEYTURN_OPERATOR_LISTEN: '127.0.0.1:0' } });
    await tells(service.grpc, '@ is Keyturn, but not its operator listener; give the address in its KEYTURN_OPERATOR_LISTEN');
  });

  it('PostgreSQL', async () => {
    await using database = await createDatabase();
    await tells(new URL(database.url).host, CLOSES);
  });

  it('gRPC of something else', async () => tells(await listenGrpc(), STRANGER));

  it('gRPC of something else that has a health', async () => {
    const check = { check: HealthService.check };
    await tells(await listenGrpc([check, { check: (_call: unknown, answer: (error: object) => void) => answer({ code: status.NOT_FOUND }) }]), STRANGER);
  });

  it('an older Keyturn', async () => {
    const { createDevice, listDevices } = OperatorServiceService;
    const place = await listenGrpc([{ createDevice, listDevices }, { createDevice: refuse, listDevices: refuse }]);
    for (const args of [['device', 'set-scopes', 'pump-7'], ['events', 'watch'], ['keyring', 'reencrypt']]) {
      const { code, stdout, stderr } = await runHere(args, { KEYTURN_SERVER: place, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN });
      assert.deepEqual([code, stdout, stderr], [1, '', `keyturn: ${OLDER.replaceAll('@', place)}\n`]);
    }
  });
});
