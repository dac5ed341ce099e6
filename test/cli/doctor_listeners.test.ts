import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import type { Environment } from '../../src/config/index.ts';
import { selfSigned } from '../device/certificate.ts';
import { MASTER_KEYS, OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { Folder, FREE, doctor, linesOf } from './doctor.ts';

const DAY = 86_400_000;

/** Listens on a free port of loopback and gives its address. */
async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function look(environment: Environment): Promise<string[]> {
  using folder = new Folder();
  return linesOf(await doctor({ ...FREE, KEYTURN_DATA_DIR: folder.data, ...environment }), 'listeners');
}

/** The environment of a service that runs already. */
function environmentOf({ app: { http, grpc, operator }, databaseUrl }: TestService): Record<string, string> {
  const [httpListen, grpcListen] = [http, grpc].map(({ port }) => `127.0.0.1:${port}`);
  return {
    KEYTURN_HTTP_LISTEN: httpListen ?? '', KEYTURN_GRPC_LISTEN: grpcListen ?? '', KEYTURN_DATABASE_URL: databaseUrl, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN, KEYTURN_MASTER_KEYS: MASTER_KEYS,
    ...(operator === undefined ? {} : { KEYTURN_OPERATOR_LISTEN: `127.0.0.1:${operator.port}` }),
  };
}

function tlsFiles(folder: Folder, name: string): Record<string, string> {
  const { cert, key } = selfSigned({ ends: 90 * DAY });
  folder.write(`${name}.pem`, cert, 0o644);
  folder.write(`${name}.key`, key, 0o600);
  return { KEYTURN_TLS_CERT: join(folder.path, `${name}.pem`), KEYTURN_TLS_KEY: join(folder.path, `${name}.key`) };
}

describe('doctor and the listeners', () => {
  it('finds free addresses free, and leaves them so', async () => {
    const server = createServer();
    const address = await listen(server);
    server.close();
    await once(server, 'close');
    for (let time = 0; time < 2; time += 1) {
      assert.equal((await look({ KEYTURN_HTTP_LISTEN: address }))[0], `good: KEYTURN_HTTP_LISTEN ${address} is free`);
    }
  });

  it('tells what is none of its own from a running service', async () => {
    const silent = createServer();
    const web = createHttpServer((_request, response) => response.end('ok, but of something else'));
    const [first, second] = [await listen(silent), await listen(web)];
    try {
      for (const variable of ['KEYTURN_HTTP_LISTEN', 'KEYTURN_GRPC_LISTEN', 'KEYTURN_OPERATOR_LISTEN']) {
        const line = (await look({ [variable]: second })).find((candidate) => candidate.includes(second));
        assert.equal(line, `bad: ${variable} ${second} is in use by something else than Keyturn - stop that, or set ${variable} to an address that is free`);
      }
      const lines = await look({ KEYTURN_HTTP_LISTEN: first });
      assert.match(lines[0] ?? '', /^bad: .* in use by something else than Keyturn - /);
    } finally {
      silent.close();
      web.close();
      web.closeAllConnections();
    }
  });

  it('knows a running service on each of its listeners, and one that is not ready', async () => {
    await using service = await startService({ settings: { KEYTURN_OPERATOR_LISTEN: '127.0.0.1:0' } });
    const environment = environmentOf(service);
    const lines = await look(environment);
    assert.equal(lines.length, 3);
    for (const line of lines) assert.match(line, /^good: KEYTURN_\w+ 127\.0\.0\.1:\d+ is in use by a running Keyturn, which is ready$/);
    // Its pool is closed: as if its database were gone.
    await service.app.database.orm.close(true);
    // Looked at over HTTP, it is told over gRPC too.
    assert.equal((await fetch(`${service.url}/readyz`)).status, 503);
    for (const line of await look(environment)) assert.match(line, /^bad: .* a running Keyturn that is not ready - its database/);
  });

  it('knows that a running service is not that of the data folder', async () => {
    await using service = await startService();
    const { KEYTURN_HTTP_LISTEN = '', KEYTURN_GRPC_LISTEN = '' } = environmentOf(service);
    for (const line of await look({ KEYTURN_HTTP_LISTEN, KEYTURN_GRPC_LISTEN })) {
      assert.match(line, /^bad: .* by a Keyturn that does not use the data folder of this environment - stop that one, set KEYTURN_\w+_LISTEN/);
    }
  });

  it('knows a running service by TLS, and that its certificate or its TLS is another', async () => {
    using folder = new Folder();
    const [files, others] = [tlsFiles(folder, 'own'), tlsFiles(folder, 'other')];
    await using service = await startService({ settings: files });
    const environment = environmentOf(service);
    const same = await look({ ...environment, ...files });
    assert.deepEqual(same.map((line) => /^good: .*, which is ready$/.test(line)), [true, true]);
    const different = await look({ ...environment, ...others });
    assert.equal(different.filter((line) => /^warning: .* with another certificate than that of KEYTURN_TLS_CERT - /.test(line)).length, 2);
    const without = await look(environment);
    assert.equal(without.filter((line) => /^warning: .* with TLS, whereas this environment has none - /.test(line)).length, 2);
    await using plain = await startService();
    const wanted = await look({ ...environmentOf(plain), ...files });
    assert.equal(wanted.filter((line) => /^warning: .* without TLS, whereas this environment has it - /.test(line)).length, 2);
  });

  it('knows a running service that asks for client certificates by its own', async () => {
    using folder = new Folder();
    const files = tlsFiles(folder, 'own');
    const settings = { ...files, KEYTURN_TLS_CLIENT_CA: files['KEYTURN_TLS_CERT'] ?? '' };
    await using service = await startService({ settings });
    for (const line of await look({ ...environmentOf(service), ...settings })) {
      assert.match(line, /^good: .* in use by something with the certificate of KEYTURN_TLS_CERT, most likely a running Keyturn; it asks for a client certificate/);
    }
    const without = await look({ ...environmentOf(service), ...tlsFiles(folder, 'other') });
    for (const line of without) assert.match(line, /^bad: .* in use by something else than Keyturn - /);
  });

  it('complains of addresses that cannot be had', async () => {
    const [foreign = ''] = await look({ KEYTURN_HTTP_LISTEN: '192.0.2.1:8080' });
    assert.match(foreign, /^bad: .* is no address of this machine - set KEYTURN_HTTP_LISTEN to an address of this machine/);
    const [unknown = ''] = await look({ KEYTURN_HTTP_LISTEN: 'no-such-host.invalid:8080' });
    assert.match(unknown, /^bad: .* - set KEYTURN_HTTP_LISTEN to an address/);
    const server = createServer();
    const address = await listen(server);
    server.close();
    await once(server, 'close');
    const [clash = ''] = await look({ KEYTURN_HTTP_LISTEN: address, KEYTURN_GRPC_LISTEN: address.replace('127.0.0.1', '0.0.0.0') });
    assert.match(clash, /^bad: KEYTURN_GRPC_LISTEN and KEYTURN_HTTP_LISTEN have the same port \d+ - set KEYTURN_GRPC_LISTEN to another port$/);
  });
});
