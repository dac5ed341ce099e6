import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { before, it } from 'mocha';
import { ended } from '../cli/keyturn.ts';
import type { Ended } from '../cli/keyturn.ts';
import { newDevice, ONE_TRY } from '../device/device.ts';
import type { TestDevice } from '../device/device.ts';
import { startProxy } from '../device/proxy.ts';
import { authority, issue } from '../support/certificates.ts';
import { describeWith } from '../support/machine.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import { startAnswerlessRelay } from './answerless_relay.ts';
import { withWorkplace } from './workplace.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PYTHON = '/usr/bin/python3';

const missing = [
  ...['/usr/bin/protoc', '/usr/bin/grpc_python_plugin', PYTHON].filter((path) => !existsSync(path)),
  ...['cryptography', 'google.protobuf', 'grpc'].filter((name) => spawnSync(PYTHON, ['-c', `import ${name}`]).status !== 0).map((name) => `${name} for ${PYTHON}`),
];

describeWith(missing, 'the example client in Python', () => {
  const { folder, service } = withWorkplace();
  const at = (name: string): string => join(folder, name);

  before(function () {
    this.timeout(120_000);
    execFileSync(join(ROOT, 'node_modules/.bin/buf'), ['generate', '--template', 'examples/python/buf.gen.yaml', '-o', folder], { cwd: ROOT });
    for (const name of ['client.py', 'keyturn_example']) cpSync(join(ROOT, 'examples/python', name), at(`examples/python/${name}`), { recursive: true });
    writeFileSync(at('token'), OPERATOR_TOKEN, { mode: 0o600 });
  });

  /** Runs a command on a gRPC server. */
  function client(server: string, ...args: string[]): Promise<Ended> {
    const standard = ['--server', server, '--operator-token', at('token'), '--folder', at('files')];
    return ended(spawn(PYTHON, ['-B', at('examples/python/client.py'), ...args, ...standard]));
  }

  function rotate(device: TestDevice, server: string, ...more: string[]): Promise<Ended> {
    return client(server, 'rotate', '--device-id', device.id, '--key', device.keyFile, '--state', device.stateFolder, ...more);
  }

  it('does all three flows and is refused once, over TLS with a client certificate', async () => {
    const ca = authority();
    const [server, own] = [issue({ issuer: ca }), issue({ issuer: ca, purpose: 'client' })];
    const files = { ca: ca.cert, server: server.cert, server_key: server.key, own: own.cert, own_key: own.key };
    for (const [name, text] of Object.entries(files)) writeFileSync(at(name), text, { mode: 0o600 });
    await using secured = await startService({ settings: { KEYTURN_TLS_CERT: at('server'), KEYTURN_TLS_KEY: at('server_key'), KEYTURN_TLS_CLIENT_CA: at('ca') } });
    const { code, stdout, stderr } = await client(secured.grpc, 'all', '--tls', '--ca', at('ca'), '--cert', at('own'), '--cert-key', at('own_key'));
    assert.deepEqual([code, stderr], [0, '']);
    const [, device, thumbprint] = /^(\S+) is unfrozen, and has the new key ([0-9a-f]{64})$/m.exec(stdout) ?? [];
    assert.match(stdout, new RegExp(`^  ${thumbprint} CURRENT\n(  [0-9a-f]{64} RETIRED\n){2}`, 'm'));
    assert.match(stdout, /^ {2}refused: DEVICE_FROZEN: Forbidden\n {4}what to do: nothing is lost; /m);
    assert.match(readFileSync(at(`files/${device}.state/secret.PRIMARY`), 'utf8'), /^[0-9a-f]{32}\n$/);
    assert.match(stdout, new RegExp(`: https://\\S+ says until [\\d-]+ that it holds ${device}@example\\.com\n.* that it holds \\+1555\\d{7}\n$`));
    assert.ok(!stdout.includes(OPERATOR_TOKEN));
    const plain = await client(secured.grpc, 'register', '--device-id', 'plain', '--timeout', '1');
    assert.deepEqual([plain.code, plain.stdout], [1, '']);
  }).timeout(60_000);

  it('leaves what keyturn rotate can finish, after its answers were lost', async () => {
    using device = await newDevice(service());
    await using relay = await startAnswerlessRelay(service().grpc);
    const { code, stderr } = await rotate(device, relay.address, '--timeout', '2');
    assert.deepEqual([code, stderr.startsWith('no certain answer from ')], [1, true], stderr);
    const next = device.pending?.['new_thumbprint'];
    assert.equal(await device.currentThumbprint(), next);
    const { resumed } = await device.rotate();
    assert.deepEqual([device.thumbprint, resumed], [next, true]);
    await device.assertSettled(1);
  });

  it('finishes what keyturn rotate has left', async () => {
    for (const fault of ['lose_request', 'lose_reply'] as const) {
      using device = await newDevice(service());
      await using proxy = await startProxy(service().url, [fault]);
      await assert.rejects(device.rotate({ url: proxy.url, ...ONE_TRY }), { trouble: 'failed' });
      const next = device.pending?.['new_thumbprint'];
      const { code, stdout, stderr } = await rotate(device, service().grpc);
      assert.deepEqual([code, stdout, stderr], [0, `${device.id} has the new key ${String(next)}, as an earlier run had begun\n`, '']);
      await device.assertSettled(1);
    }
  });

  it('asks which key counts when its update has expired, and installs the same new key', async () => {
    await using own = await startService();
    await using relay = await startAnswerlessRelay(own.grpc);
    for (const [server, frozen] of [[relay.address, true], ['127.0.0.1:9', false]] as const) {
      using device = await newDevice(own);
      assert.equal((await rotate(device, server, '--timeout', '2')).code, 1);
      const next = device.pending?.['new_thumbprint'];
      own.clock.advance(601_000);
      if (frozen) await device.operate('POST', ':freeze', {});
      const { code, stderr } = await rotate(device, own.grpc, '--exp', '86400');
      assert.deepEqual([code, stderr, device.thumbprint, await device.currentThumbprint()], [0, '', next, next]);
    }
  });

  it('says on standard error what is wrong, field by field', async () => {
    const { code, stderr } = await client(service().grpc, 'register', '--device-id', 'no id');
    assert.deepEqual([code, stderr], [3, 'refused: INVALID_ARGUMENT: The request is not in the expected form.\n  device_id: expects 1 to 128 characters of A-Za-z0-9._-\n']);
    const remote = await client('keyturn.example:50051', 'register', '--device-id', 'far');
    assert.deepEqual([remote.code, remote.stderr.split('\n').length], [2, 2]);
  });
});
