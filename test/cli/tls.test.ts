import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { Environment } from '../../src/config/index.ts';
import { newDevice } from '../device/device.ts';
import { authority, issue } from '../support/certificates.ts';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { keyturn, runHere } from './keyturn.ts';

describe('the command line over TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-cli-tls-'));
  let service: TestService;
  let database: TestDatabase;
  let trusting: Environment;
  let known: Environment;

  before(async () => {
    const ca = authority();
    const server = issue({ issuer: ca });
    const client = issue({ issuer: ca, purpose: 'client' });
    const other = issue();
    const files = { ca: ca.cert, server: server.cert, serverKey: server.key, client: client.cert, clientKey: client.key, otherKey: other.key };
    for (const [name, text] of Object.entries(files)) writeFileSync(file(name), text, { mode: 0o600 });
    database = await createDatabase();
    service = await startService({
      database,
      settings: { KEYTURN_TLS_CERT: file('server'), KEYTURN_TLS_KEY: file('serverKey'), KEYTURN_TLS_CLIENT_CA: file('ca'), KEYTURN_OPERATOR_LISTEN: '127.0.0.1:0' },
    });
    trusting = { KEYTURN_SERVER: `https://${service.operator}`, KEYTURN_SERVER_CA: file('ca'), KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN };
    known = { ...trusting, KEYTURN_SERVER_CERT: file('client'), KEYTURN_SERVER_KEY: file('clientKey') };
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  function file(name: string): string {
    return join(folder, `${name}.pem`);
  }

  it('shows its certificate to an authority that it trusts', async () => {
    const { code, stdout, stderr } = await keyturn(['project', 'list', '--json'], { environment: known });
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal((JSON.parse(stdout) as { projects: { project_id: string }[] }).projects[0]?.project_id, 'default');
  });

  it('takes the place from --server, and the rest from the environment', async () => {
    const { code, stderr } = await runHere(['project', 'list', '--server', `https://localhost:${service.operator.split(':')[1]}`], known);
    assert.deepEqual([code, stderr], [0, '']);
  });

  it('says what is wrong with TLS: no certificate, an authority that is not trusted, no TLS at all', async () => {
    const cases = [
      [trusting, /by TLS: .*certificate required/],
      [{ ...known, KEYTURN_SERVER_CA: '' }, /by TLS: .*certificate/],
      [{ KEYTURN_SERVER: service.operator, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN }, /^keyturn: (\S+) speaks TLS; give https:\/\/\1, with KEYTURN_SERVER_CA if its authority is your own\n$/],
    ] as const;
    for (const [environment, message] of cases) {
      const { code, stderr } = await runHere(['project', 'list'], environment);
      assert.deepEqual([code, message.test(stderr)], [1, true], stderr);
    }
  });

  it('rotates the key of a device that shows its certificate, and of no other', async () => {
    await using plain = await startService({ database });
    using device = await newDevice(plain);
    const args = ['rotate', '--url', service.url, '--device-id', device.id, '--key', device.keyFile, '--state', device.stateFolder, '--ca', file('ca')];
    const stranger = await runHere([...args, '--timeout', '1']);
    assert.deepEqual([stranger.code, /CERTIFICATE_REQUIRED|ECONNRESET/.test(stranger.stderr)], [1, true], stranger.stderr);
    const half = await runHere([...args, '--cert', file('client')]);
    assert.deepEqual([half.code, half.stderr], [2, 'keyturn: --cert and --cert-key are given together\n']);
    const { code, stderr } = await runHere([...args, '--cert', file('client'), '--cert-key', file('clientKey')]);
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(device.thumbprint, await device.currentThumbprint());
  });

  it('names files that cannot be used', async () => {
    const cases = [
      [{ ...known, KEYTURN_SERVER_CA: file('none') }, /cannot read certificates from .*none\.pem/],
      [{ ...known, KEYTURN_SERVER_KEY: file('ca') }, /cannot read a private key from .*ca\.pem/],
      [{ ...known, KEYTURN_SERVER_KEY: file('otherKey') }, /otherKey\.pem is not the key of the certificate in .*client\.pem/],
      [{ ...known, KEYTURN_SERVER_KEY: '' }, /KEYTURN_SERVER_CERT and KEYTURN_SERVER_KEY are given together/],
    ] as const;
    for (const [environment, message] of cases) {
      const { code, stderr } = await runHere(['project', 'list'], environment);
      assert.deepEqual([code, message.test(stderr)], [2, true], stderr);
    }
  });
});
