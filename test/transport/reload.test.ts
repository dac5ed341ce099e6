import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { eventually, pause } from '../faults/fixtures/child.ts';
import { issue } from '../support/certificates.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { ask, tls, untilMatch } from './fixtures/sockets.ts';
import { tlsFolder } from './fixtures/tls_folder.ts';
import type { TlsFolder } from './fixtures/tls_folder.ts';

const REQUEST = `GET /v1/projects HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${OPERATOR_TOKEN}\r\n\r\n`;

describe('TLS files that change', () => {
  let folder: TlsFolder;
  let service: TestService;
  let open: TLSSocket;
  beforeEach(async () => {
    folder = tlsFolder();
    service = await startService({ settings: { ...folder.settings, KEYTURN_OPERATOR_LISTEN: '127.0.0.1:0' } });
    open = await tls(service.app.operator?.port ?? 0, { ca: folder.ca.cert });
  });
  afterEach(async () => {
    open.destroy();
    await service[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  /** The names of the certificates that new connections see, by listener. */
  async function served(): Promise<string[]> {
    const { http, grpc, operator } = service.app;
    return Promise.all([http, grpc, operator].map(async (address) => {
      const socket = await tls(address?.port ?? 0, { ca: folder.ca.cert });
      const name = String(socket.getPeerCertificate().subject.CN);
      socket.destroy();
      return name;
    }));
  }
  /** Waits until all listeners show a certificate; what was open before goes on. */
  async function shows(name: string): Promise<void> {
    await eventually(async () => assert.deepEqual(await served(), [name, name, name]));
    open.write(REQUEST);
    assert.match(await untilMatch(open, /\}$/), /^HTTP\/1\.1 200 /);
  }
  const logged = (level: string) => service.lines.filter((line) => line['level'] === level && /TLS/.test(String(line['message'])));
  const next = (name: string) => issue({ name, issuer: folder.ca });

  it('by rename', async () => {
    await shows('first');
    const { cert, key } = next('renamed');
    folder.replace('tls.crt', cert);
    folder.replace('tls.key', key);
    await shows('renamed');
    assert.match((await ask(service.url, '/metrics', {}, { ca: folder.ca.cert })).body, /^keyturn_tls_not_after_timestamp_seconds \d+$/m);
  });

  it('in place', async () => {
    const { cert, key } = next('written');
    folder.write('tls.crt', cert);
    folder.write('tls.key', key);
    await shows('written');
    assert.equal(readFileSync(join(folder.path, 'tls.crt'), 'utf8'), cert);
  });

  it('one after the other: the last good ones stay meanwhile', async () => {
    const { cert, key } = next('later');
    folder.replace('tls.crt', cert);
    await eventually(() => assert.equal(logged('error').length, 1));
    assert.match(String(logged('error')[0]?.['faults']), /KEYTURN_TLS_KEY .*tls\.key is not the key of the certificate/);
    await shows('first');
    await pause(1_500);
    assert.equal(logged('error').length, 1, 'said once');
    folder.replace('tls.key', key);
    await shows('later');
  });

  it('to garbage, to nothing, and back', async () => {
    const [cert, key] = ['tls.crt', 'tls.key'].map((name) => readFileSync(join(folder.path, name), 'utf8'));
    folder.write('tls.crt', 'garbage');
    await eventually(() => assert.match(String(logged('error').at(-1)?.['faults']), /KEYTURN_TLS_CERT .*holds no certificate as PEM/));
    folder.write('tls.crt', (cert ?? '').slice(0, 200));
    folder.write('tls.key', '');
    await eventually(() => assert.match(String(logged('error').at(-1)?.['faults']), /KEYTURN_TLS_KEY .*holds no private key as PEM/));
    rmSync(join(folder.path, 'tls.crt'));
    rmSync(join(folder.path, 'tls.key'));
    await eventually(() => assert.match(String(logged('error').at(-1)?.['faults']), /KEYTURN_TLS_CERT .*does not exist,KEYTURN_TLS_KEY .*does not exist/));
    await shows('first');
    const seen = logged('info').length;
    folder.write('tls.key', key ?? '');
    folder.write('tls.crt', cert ?? '');
    await eventually(() => assert.equal(logged('info').length, seen + 1));
    await shows('first');
    for (const line of service.lines) assert.doesNotMatch(JSON.stringify(line), /PRIVATE KEY/);
  });

  it('warns of a certificate that ends soon', async () => {
    const { cert, key } = issue({ name: 'short', issuer: folder.ca, notAfter: 3_600_000 });
    folder.replace('tls.key', key);
    folder.replace('tls.crt', cert);
    await shows('short');
    assert.match(String(logged('warn').at(-1)?.['message']), /ends soon/);
  });
});

describe('TLS files behind symbolic links, as Kubernetes writes them', () => {
  it('change at once when the link to their folder does', async () => {
    using folder = tlsFolder();
    const publish = (version: string, name: string): void => {
      const { cert, key } = issue({ name, issuer: folder.ca });
      mkdirSync(join(folder.path, version));
      folder.write(join(version, 'tls.crt'), cert);
      folder.write(join(version, 'tls.key'), key);
      symlinkSync(version, join(folder.path, '..data_tmp'));
      renameSync(join(folder.path, '..data_tmp'), join(folder.path, '..data'));
    };
    publish('..2026_01', 'january');
    for (const name of ['tls.crt', 'tls.key']) {
      rmSync(join(folder.path, name));
      symlinkSync(join('..data', name), join(folder.path, name));
    }
    await using service = await startService({ settings: folder.settings });
    for (const [version, name] of [['..2026_02', 'february'], ['..2026_03', 'march']] as const) {
      publish(version, name);
      await eventually(async () => {
        const socket = await tls(service.app.http.port, { ca: folder.ca.cert });
        const shown = String(socket.getPeerCertificate().subject.CN);
        socket.destroy();
        assert.equal(shown, name);
      });
    }
    assert.deepEqual(service.lines.filter(({ level }) => level === 'error'), []);
  });
});
