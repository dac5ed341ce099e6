import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, it } from 'mocha';
import { IdentityKey } from '../clients/identity_key.ts';
import { operate } from '../support/iotda.ts';
import { describeWith, missingCommands } from '../support/machine.ts';
import { createDatabase, execute } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { LAUNCHER, operatorOf } from './keyturn.ts';
import { examplesOf, leavesOf, newProgram } from './tree.ts';

/** Tests of their own start these, which go on until they are ended, or need a data folder. */
const ELSEWHERE = new Set(['serve', 'doctor', 'events watch', 'keyring rotate']);
const PLACEHOLDERS = { user: '0123456789abcdef0123456789abcdef', accessKey: '4PDNCTVYZ4Q2JWPHW8AX', key: 'dR1cZzYf-uC6r5L1VOmnKj22AvDCTQR2FYJ6qpGip6U' };
const TABLES = 'device, device_secret, device_token, device_token_chain, public_key, rotation, product, iam_user, access_key, trusted_issuer';
const KEY_PAIRS = `
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out pump-7.pem && chmod 600 pump-7.pem
  openssl pkey -in pump-7.pem -pubout -out pump-7.pub.pem
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out pump-8.pem
  openssl genpkey -algorithm ed25519 | openssl pkey -pubout -out issuer.pub.pem`;

describeWith(missingCommands('bash', ['openssl', 'version']), 'the examples in the help of keyturn, run', () => {
  let service: TestService;
  let empty: TestDatabase;
  let folder: string;

  before(async () => {
    service = await startService({ settings: { KEYTURN_IOTHENTIX_ALGORITHMS: 'ES256,ES384', KEYTURN_AUTHENTIQ_TEST_ISSUER: 'on' } });
    empty = await createDatabase();
    folder = mkdtempSync(join(tmpdir(), 'keyturn-examples-'));
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    await empty[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const put = (path: string, body: object): Promise<Record<string, unknown>> => operate(service, 'POST', path, body);

  /** A folder with the files and a service with the things that examples speak of; `path` makes its own. */
  const prepare = async (path: string, line: string): Promise<{ cwd: string; identity: string }> => {
    const cwd = mkdtempSync(join(folder, 'work-'));
    mkdirSync(join(cwd, 'pump-7.state'), { mode: 0o700 });
    for (const [name, text] of [['password.txt', 'correct-horse'], ['pump-7.secret', 'hush-hush-0']] as const) writeFileSync(join(cwd, name), text);
    execFileSync('bash', ['-ec', KEY_PAIRS], { cwd, stdio: 'ignore' });
    await execute(service.databaseUrl, `truncate ${TABLES} cascade; delete from project where project_id <> 'default'`);
    if (path !== 'project add') await put('/v1/projects', { project_id: 'plant-3', name: 'Plant 3' });
    if (path !== 'product add') await put('/v1/products', { product_id: 'pump' });
    if (path !== 'device add') {
      const publicKey = readFileSync(join(cwd, 'pump-7.pub.pem'), 'utf8');
      const project = line.includes('plant-3') && path !== 'project add' ? 'plant-3' : 'default';
      await put('/v1/devices', { device_id: 'pump-7', project_id: project, public_key: publicKey, scopes: ['telemetry.write', 'refresh.token'], secret: 'hush-hush-1' });
      await put('/v1/devices', { device_id: 'pump-9', secret: 'hush-hush-9' });
    }
    if (path.startsWith('user ') && path !== 'user add') {
      await put('/v1/users', { name: 'ann', domain: 'acme', password: 'correct-horse', project_id: 'default' });
      await execute(service.databaseUrl, `update iam_user set user_id = '${PLACEHOLDERS.user}'`);
    }
    await put('/v1/access-keys', { project_id: 'default' });
    await execute(service.databaseUrl, `update access_key set access_key = '${PLACEHOLDERS.accessKey}'`);
    if (path === 'issuer distrust') await put('/v1/trusted-issuers', { issuer: 'https://issuer.example', public_key: PLACEHOLDERS.key });
    const identity = new IdentityKey();
    if (path.startsWith('identity')) await fetch(`${service.url}/key`, { method: 'POST', headers: { 'content-type': 'application/jwt' }, body: identity.jwt() });
    return { cwd, identity: identity.pk };
  };

  for (const { path } of leavesOf(newProgram()).filter(({ path: words }) => !ELSEWHERE.has(words.join(' ')))) {
    const command = path.join(' ');
    it(`keyturn ${command}`, async () => {
      for (const line of await examplesOf(path)) {
        const { cwd, identity } = await prepare(command, line);
        const { issuer_keys: keys } = (await operate(service, 'GET', '/v1/issuer-keys')) as { issuer_keys: { public_key: string; test: boolean; state: string }[] };
        const active = keys.find(({ test, state }) => !test && state === 'ACTIVE')?.public_key ?? '';
        const own = line
          .replaceAll(/https:\/\/keyturn\.example\.com|http:\/\/localhost:8080/g, service.url)
          .replace('postgres://keyturn:secret@db:5432/keyturn', empty.url)
          .replace(PLACEHOLDERS.key, command.startsWith('identity') ? identity : command === 'issuer revoke' ? active : PLACEHOLDERS.key);
        const { code, stderr } = await runLine(own, cwd, operatorOf(service));
        // Nobody is there who could be asked.
        const asks = /there is no terminal to ask for (?:confirmation; add --yes|the password; give --password-file)\n/.test(stderr);
        assert.ok(code === 0 || (code === 2 && asks), `${own}\n${stderr}`);
      }
    }).timeout(120_000);
  }
});

/** Runs a shell line with `keyturn` on its path, so to say; of a pipe, each part counts. */
function runLine(line: string, cwd: string, environment: Readonly<Record<string, string | undefined>>): Promise<{ code: number; stderr: string }> {
  const script = `keyturn() { '${process.execPath}' '${LAUNCHER}' "$@"; }\n${line}`;
  const env = { PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, ...environment };
  return new Promise((resolve) => {
    const child = execFile('bash', ['--norc', '-euo', 'pipefail', '-c', script], { cwd, env }, (error, _stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stderr });
    });
    child.stdin?.end();
  });
}
