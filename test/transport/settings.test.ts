import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { after, before, describe, it } from 'mocha';
import { ConfigError, readConfig } from '../../src/config/index.ts';
import { rsaPair } from '../crypto/keys.ts';
import { dataFolder, spawnService } from '../faults/fixtures/child.ts';
import { issue } from '../support/certificates.ts';
import { createDatabase } from '../support/postgres.ts';
import { MASTER_KEYS, OPERATOR_TOKEN } from '../support/service.ts';
import { tlsFolder } from './fixtures/tls_folder.ts';
import type { TlsFolder } from './fixtures/tls_folder.ts';

type Settings = Readonly<Record<string, string>>;

/** What is complained of, a fault a line; nothing if the settings are good. */
function faultsOf(settings: Settings): string[] {
  try {
    readConfig(settings);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message.split('\n');
  }
}

function assertFaults(settings: Settings, faults: readonly RegExp[]): void {
  const told = faultsOf(settings);
  assert.equal(told.length, faults.length, told.join('\n'));
  for (const [index, fault] of faults.entries()) assert.match(told[index] ?? '', fault);
}

describe('settings of TLS', () => {
  let folder: TlsFolder;
  let cert: string;
  let key: string;
  before(() => {
    folder = tlsFolder();
    [cert, key] = [folder.settings['KEYTURN_TLS_CERT'] ?? '', folder.settings['KEYTURN_TLS_KEY'] ?? ''];
    const weak = issue({ name: 'weak', pair: rsaPair(1024) });
    const encrypted = issue().pair.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hush' });
    const old = rsaPair(2048).privateKey.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hush' });
    mkdirSync(join(folder.path, 'folder'));
    for (const [name, text] of Object.entries({
      'weak.crt': weak.cert, 'weak.key': weak.key, 'encrypted.key': String(encrypted), 'old.key': String(old), 'other.key': issue().key, 'garbage': 'hush',
      'broken.crt': '-----BEGIN CERTIFICATE-----\naHVzaA==\n-----END CERTIFICATE-----\n', 'broken.key': '-----BEGIN PRIVATE KEY-----\naHVzaA==\n-----END PRIVATE KEY-----\n',
      'rsa.crt': issue({ pair: rsaPair(2048) }).cert, 'rsa.key': String(rsaPair(2048).privateKey.export({ type: 'pkcs1', format: 'pem' })), 'empty': '',
    })) folder.write(name, text);
  });
  after(() => folder[Symbol.dispose]());
  const file = (name: string): string => join(folder.path, name);

  it('are good, of any kind of key', () => {
    assertFaults({ KEYTURN_TLS_CERT: cert, KEYTURN_TLS_KEY: key }, []);
    assertFaults({ KEYTURN_TLS_CERT: file('rsa.crt'), KEYTURN_TLS_KEY: file('rsa.key'), KEYTURN_TLS_CLIENT_CA: cert }, []);
  });

  it('lack a partner', () => {
    assertFaults({ KEYTURN_TLS_CERT: cert }, [/^KEYTURN_TLS_KEY is missing/]);
    assertFaults({ KEYTURN_TLS_KEY: key }, [/^KEYTURN_TLS_CERT is missing/]);
    assertFaults({ KEYTURN_TLS_CLIENT_CA: cert }, [/^KEYTURN_TLS_CERT is missing/, /^KEYTURN_TLS_KEY is missing/]);
  });

  const ROWS: readonly (readonly [name: string, cert: string, key: string, faults: readonly RegExp[]])[] = [
    ['files that do not exist', 'no.crt', 'no.key', [/^KEYTURN_TLS_CERT .*no\.crt does not exist$/, /^KEYTURN_TLS_KEY .*no\.key does not exist$/]],
    ['a folder', 'folder', 'folder', [/^KEYTURN_TLS_CERT .* cannot be used: EISDIR/, /^KEYTURN_TLS_KEY .* cannot be used: EISDIR/]],
    ['garbage', 'garbage', 'garbage', [/^KEYTURN_TLS_CERT .*holds no certificate as PEM$/, /^KEYTURN_TLS_KEY .*holds no private key as PEM$/]],
    ['empty files', 'empty', 'empty', [/^KEYTURN_TLS_CERT .*holds no certificate as PEM$/, /^KEYTURN_TLS_KEY .*holds no private key as PEM$/]],
    ['PEM around garbage', 'broken.crt', 'broken.key', [/^KEYTURN_TLS_CERT .*holds a certificate that cannot be read, the 1\. of 1$/, /^KEYTURN_TLS_KEY .*holds a private key that cannot be read$/]],
    ['one for the other', 'tls.key', 'tls.crt', [/^KEYTURN_TLS_CERT .*holds no certificate/, /^KEYTURN_TLS_KEY .*holds no private key/]],
    ['an encrypted key', 'tls.crt', 'encrypted.key', [/^KEYTURN_TLS_KEY .*is encrypted/]],
    ['an encrypted key of the old form', 'tls.crt', 'old.key', [/^KEYTURN_TLS_KEY .*is encrypted/]],
    ['the key of another certificate', 'tls.crt', 'other.key', [/^KEYTURN_TLS_KEY .*other\.key is not the key of the certificate in .*tls\.crt$/]],
    ['the key of another kind', 'rsa.crt', 'tls.key', [/^KEYTURN_TLS_KEY .*tls\.key is not the key of/]],
    ['a weak key', 'weak.crt', 'weak.key', [/^KEYTURN_TLS_CERT cannot be used: .*key too small$/]],
  ];
  for (const [name, certName, keyName, faults] of ROWS) {
    it(`name ${name}`, () => assertFaults({ KEYTURN_TLS_CERT: file(certName), KEYTURN_TLS_KEY: file(keyName) }, faults));
  }

  it('end the start with 2, all faults at once, without a stack or a secret', async () => {
    using data = dataFolder();
    const child = spawnService({
      KEYTURN_DATA_DIR: data.path, KEYTURN_LOG_LEVEL: 'loud', KEYTURN_TLS_CERT: file('no.crt'), KEYTURN_TLS_KEY: file('garbage'), KEYTURN_TLS_CLIENT_CA: file('empty'),
      KEYTURN_OPERATOR_LISTEN: 'x', KEYTURN_TRUSTED_PROXIES: '10.0.0.0/33',
    });
    assert.equal(await child.ended, 2);
    const [first, ...lines] = child.stderr().trimEnd().split('\n');
    assert.equal(first, 'keyturn: bad settings');
    const names = ['LOG_LEVEL', 'OPERATOR_LISTEN', 'TLS_CERT', 'TLS_CLIENT_CA', 'TLS_KEY', 'TRUSTED_PROXIES'].map((name) => `KEYTURN_${name}`);
    assert.deepEqual(lines.map((line) => line.trim().split(' ')[0] ?? '').toSorted(), names);
    assert.doesNotMatch(child.stderr(), /hush|^\s+at /m);
    assert.equal(child.stdout(), '');
  });

  it('read files that are gone at a later start', async () => {
    using gone = tlsFolder();
    assertFaults(gone.settings, []);
    rmSync(gone.settings['KEYTURN_TLS_KEY'] ?? '');
    assertFaults(gone.settings, [/^KEYTURN_TLS_KEY .* does not exist$/]);
  });
});

describe('settings of listeners and proxies', () => {
  for (const value of ['x', '8080', ':8080', '127.0.0.1', '127.0.0.1:', '127.0.0.1:65536', '::1:80', '[::1]', 'http://x:1', ' 127.0.0.1:1', '[x]:1', '[1]:1', '[::1::]:1', 'a:b:1', '127.0.0.1:1 ', '127.0.0.1:-1', '127.0.0.1:1e3']) {
    it(`take no listener at ${JSON.stringify(value)}`, () => assertFaults({ KEYTURN_OPERATOR_LISTEN: value }, [/^KEYTURN_OPERATOR_LISTEN expects HOST:PORT/]));
  }

  it('take no two listeners at one address', () => {
    assertFaults({ KEYTURN_OPERATOR_LISTEN: '127.0.0.1:8080' }, [/^KEYTURN_OPERATOR_LISTEN is the address of KEYTURN_HTTP_LISTEN$/]);
    assertFaults({ KEYTURN_OPERATOR_LISTEN: '127.0.0.1:50051' }, [/^KEYTURN_OPERATOR_LISTEN is the address of KEYTURN_GRPC_LISTEN$/]);
    assertFaults({ KEYTURN_HTTP_LISTEN: '[::1]:1', KEYTURN_GRPC_LISTEN: '[::1]:1' }, [/^KEYTURN_GRPC_LISTEN is the address of KEYTURN_HTTP_LISTEN$/]);
    assertFaults({ KEYTURN_HTTP_LISTEN: '127.0.0.1:0', KEYTURN_GRPC_LISTEN: '127.0.0.1:0', KEYTURN_OPERATOR_LISTEN: '127.0.0.1:0' }, []);
    assertFaults({ KEYTURN_OPERATOR_LISTEN: '127.0.0.2:8080' }, []);
  });

  for (const value of ['x', '10.0.0.0/33', '10.0.0/8', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/8/8', '/8', ',', '10.0.0.0/8,', 'fd00::/129', 'fe80::1%eth0', 'fe80::%1/64', 'proxy.example', '[::1]', '1.2.3.4:80', '10.0.0.0/a']) {
    it(`take no network ${JSON.stringify(value)}`, () => assertFaults({ KEYTURN_TRUSTED_PROXIES: value }, [/^KEYTURN_TRUSTED_PROXIES expects a list by comma of networks/]));
  }
  it('take networks and addresses of both kinds', () => {
    assertFaults({ KEYTURN_TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.1 ,fd00::/8,::1,0.0.0.0/0,::/0' }, []);
  });

  it('name the listener whose address is taken, and end the start with 1', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const address = `127.0.0.1:${(holder.address() as AddressInfo).port}`;
    await using database = await createDatabase();
    const child = spawnService({ KEYTURN_DATABASE_URL: database.url, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN, KEYTURN_MASTER_KEYS: MASTER_KEYS, KEYTURN_OPERATOR_LISTEN: address });
    assert.equal(await child.ended, 1);
    assert.match(child.stderr(), new RegExp(`cannot listen on ${address}: .*EADDRINUSE.*; set KEYTURN_OPERATOR_LISTEN to an address that is free`));
    assert.equal(child.stdout(), '');
    holder.close();
  });
});
