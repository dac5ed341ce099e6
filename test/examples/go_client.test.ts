import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { before, it } from 'mocha';
import { ended } from '../cli/keyturn.ts';
import type { Ended } from '../cli/keyturn.ts';
import { authority, issue } from '../support/certificates.ts';
import { describeWith } from '../support/machine.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { startAnswerlessRelay } from './answerless_relay.ts';
import { withWorkplace } from './workplace.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DEBIAN = '/usr/share/gocode';

const missing = [
  ...['go', 'protoc-gen-go', 'protoc-gen-go-grpc'].filter((name) => !process.env['PATH']?.split(delimiter).some((folder) => existsSync(join(folder, name)))),
  ...['grpc', 'protobuf', 'genproto'].map((name) => `${DEBIAN}/src/google.golang.org/${name}`).filter((path) => !existsSync(path)),
];

describeWith(missing, 'the example client in Go', () => {
  const { folder, service } = withWorkplace();
  const at = (name: string): string => join(folder, name);

  before(function () {
    this.timeout(300_000);
    execFileSync(join(ROOT, 'node_modules/.bin/buf'), ['generate', '--template', 'examples/go/buf.gen.yaml', '-o', folder], { cwd: ROOT });
    const env = { ...process.env, GO111MODULE: 'off', GOPATH: [at('examples/go/generated'), DEBIAN].join(delimiter) };
    execFileSync('go', ['build', '-o', at('program'), './examples/go'], { cwd: ROOT, env });
    writeFileSync(at('token'), OPERATOR_TOKEN, { mode: 0o600 });
  });

  /** Runs flags and a flow; what it keeps is in a folder of the given name. */
  async function client(state: string, to: TestService, ...args: string[]): Promise<Ended> {
    return ended(spawn(at('program'), ['-server', to.grpc, '-url', to.url, '-operator-token-file', at('token'), '-folder', at(state), ...args]));
  }

  it('rotates a key, resets a secret and binds an identity, over TLS with a client certificate', async () => {
    const ca = authority();
    const server = issue({ issuer: ca });
    const own = issue({ issuer: ca, purpose: 'client' });
    const files = { ca: ca.cert, server: server.cert, server_key: server.key, own: own.cert, own_key: own.key };
    for (const [name, text] of Object.entries(files)) writeFileSync(at(name), text, { mode: 0o600 });
    await using secured = await startService({ settings: { KEYTURN_TLS_CERT: at('server'), KEYTURN_TLS_KEY: at('server_key'), KEYTURN_TLS_CLIENT_CA: at('ca') } });
    const { code, stdout, stderr } = await client('secured', secured, '-tls', '-ca', at('ca'), '-cert', at('own'), '-cert-key', at('own_key'), 'all');
    assert.deepEqual([code, stderr], [0, '']);
    const [, thumbprint] = /^rotate: go-device-01 has the new key ([0-9a-f]{64})$/m.exec(stdout) ?? [];
    assert.match(stdout, new RegExp(`^show_keys: CURRENT  ${thumbprint}\nshow_keys: RETIRED  [0-9a-f]{64}\n`, 'm'));
    assert.match(readFileSync(at('secured/secret'), 'utf8'), /^[0-9a-f]{32}\n$/);
    assert.match(stdout, /^bind_identity: the key holds go-client@example\.com until [\d-]+, says https:.*\nbind_identity: the key holds \+31201234501 until /m);
  });

  it('reads the reasons of refusals and says what to do', async () => {
    const { code, stdout, stderr } = await client('refusals', service(), 'refusals');
    assert.deepEqual([code, stderr], [0, '']);
    for (const reason of ['DEVICE_UNAUTHENTICATED', 'DEVICE_FROZEN', 'IOTDA_INPUT_INVALID', 'AUTHENTIQ_UNKNOWN_KEY']) assert.match(stdout, new RegExp(`refused: ${reason} `));
    assert.match(stdout, /field reset\.secret: expects 8 to 32 characters/);
    assert.ok(!stdout.includes(OPERATOR_TOKEN));
  });

  it('takes nothing unencrypted from another machine', async () => {
    for (const [flag, place] of [['-server', 'keyturn.invalid:50051'], ['-url', 'http://keyturn.invalid'], ['-url', 'keyturn.invalid']] as const) {
      const { code, stdout, stderr } = await client('elsewhere', service(), flag, place, 'bind_identity');
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, flag === '-url' ? /-url is https:/ : /use -tls for keyturn\.invalid:50051/);
    }
  });

  it('finishes a rotation whose answers were lost', async () => {
    await using relay = await startAnswerlessRelay(service().grpc);
    assert.equal((await client('lost', service(), 'register')).code, 0);
    const lost = await client('lost', service(), '-server', relay.address, '-timeout', '2s', '-patience', '1s', 'rotate');
    assert.equal(lost.code, 1);
    assert.match(lost.stderr, /^no certain answer: [^]*what to do: run it again/m);
    const { code, stdout } = await client('lost', service(), 'rotate');
    assert.equal(code, 0);
    assert.match(stdout, /a run was interrupted: [^]* has the new key [0-9a-f]{64}/);
  });

  it('does not send tokens unencrypted to another machine', async () => {
    const { code, stderr } = await client('lost', service(), '-server', 'keyturn.example:50051', 'rotate');
    assert.deepEqual([code, stderr], [2, 'tokens go unencrypted only to this machine: use -tls for keyturn.example:50051\n']);
  });
});
