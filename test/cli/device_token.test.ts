import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { after, before, describe, it } from 'mocha';
import { pairOf } from '../crypto/keys.ts';
import { ONE_TRY, TestDevice, newDevice } from '../device/device.ts';
import { startProxy } from '../device/proxy.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { keyturn, runHere } from './keyturn.ts';

const TOKEN = /^[\w-]{43}\.[\w-]{43}$/;

describe('keyturn token', () => {
  let service: TestService;
  let device: TestDevice;

  before(async () => {
    service = await startService();
    device = await newDevice(service);
  });

  after(async () => {
    device[Symbol.dispose]();
    await service[Symbol.asyncDispose]();
  });

  const argsOf = (url: string, ...more: string[]): string[] =>
    ['token', '--url', url, '--device-id', device.id, '--key', device.keyFile, '--state', device.stateFolder, ...more];

  it('prints the token alone, with no settings at all', async () => {
    const { code, stdout, stderr } = await keyturn(argsOf(service.url), { cwd: device.folder });
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout.slice(0, -1), TOKEN);
    assert.equal(stdout.at(-1), '\n');
  });

  it('answers machines as the service does, with the scopes that were asked for', async () => {
    using scoped = new TestDevice(service);
    const pair = pairOf('P-256');
    scoped.putKey(pair);
    const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' });
    await scoped.operate('POST', '', { device_id: scoped.id, public_key: publicKey, scopes: ['a', 'refresh.token', 'b'] });
    const args = ['token', '--url', service.url, '--device-id', scoped.id, '--key', scoped.keyFile, '--state', scoped.stateFolder, '--json'];
    const all = await runHere(args);
    assert.equal((JSON.parse(all.stdout) as { scope: string }).scope, 'a refresh.token b');
    const { code, stdout } = await runHere([...args, '--scope', 'b a']);
    const { access_token: token, ...others } = JSON.parse(stdout) as Record<string, unknown>;
    assert.equal(code, 0);
    assert.match(String(token), TOKEN);
    assert.deepEqual(others, { expires_in: 3599, scope: 'b a', token_type: 'bearer' });
  });

  it('works after a rotation whose answer was lost, and leaves it to be finished', async () => {
    await using proxy = await startProxy(service.url, ['lose_reply']);
    await assert.rejects(device.rotate({ url: proxy.url, ...ONE_TRY }), { trouble: 'failed' });
    const { code, stdout } = await runHere(argsOf(service.url));
    assert.equal(code, 0);
    assert.match(stdout.trim(), TOKEN);
    const rotated = await runHere(['rotate', ...argsOf(service.url, '--json').slice(1)]);
    assert.equal((JSON.parse(rotated.stdout) as { resumed: boolean }).resumed, true);
    await device.assertSettled(1);
  });

  it('tells refusals from failures by its exit code, and no secret in any case', async () => {
    using frozen = await newDevice(service);
    await frozen.operate('POST', ':freeze', {});
    const args = ['token', '--url', service.url, '--device-id', frozen.id, '--key', frozen.keyFile, '--state', frozen.stateFolder];
    const refused = await keyturn(args);
    assert.deepEqual([refused.code, refused.stdout], [3, '']);
    assert.match(refused.stderr, /^keyturn: the service has refused a token: [^\n]*ask the operator[^\n]*\n$/);
    for (const secret of readFileSync(frozen.keyFile, 'utf8').split('\n').slice(1, -2)) assert.ok(!refused.stderr.includes(secret));
    const dead = await runHere(argsOf('http://127.0.0.1:1', '--timeout', '1'));
    assert.deepEqual([dead.code, dead.stdout], [1, '']);
    assert.match(dead.stderr, /^keyturn: there was no certain answer in time; [^\n]*ECONNREFUSED; there is no token, run again to go on\n$/);
  });

  it('complains of wrong usage, and sends nothing', async () => {
    await using proxy = await startProxy(service.url);
    for (const scope of ['', ' a', 'a  b', 'a'.repeat(1025)]) await refuses(argsOf(proxy.url, '--scope', scope), /^keyturn: --scope expects words joined by single spaces/);
    await refuses(argsOf('http://192.0.2.1'), /^keyturn: --url leads to 192\.0\.2\.1 without TLS/);
    await refuses(argsOf(proxy.url, '--device-id', 'other'), /^keyturn: the state folder is that of the device d-/);
    await refuses(argsOf(proxy.url, '--device-id', 'a b'), /^keyturn: a device id has 1 to 128 characters/);
    await refuses(argsOf(proxy.url, '--key', `${device.keyFile}.none`), /^keyturn: .* cannot be found/);
    await refuses(argsOf(proxy.url, '--exp', '9'), /^keyturn: option '--exp <SECONDS>' argument '9' is invalid/);
    const open = `${device.folder}/open`;
    mkdirSync(open);
    chmodSync(open, 0o755);
    await refuses(argsOf(proxy.url, '--state', open), /open is open to other users: run chmod 700/);
    assert.equal(proxy.seen.length, 0);
  });

  it('has help with examples', async () => {
    const { code, stdout } = await runHere(['token', '--help']);
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: keyturn token [^]*\nExamples:\n {2}\$ TOKEN=\$\(keyturn token/);
  });
});

async function refuses(args: readonly string[], stderr: RegExp): Promise<void> {
  const result = await runHere(args);
  assert.match(result.stderr, stderr);
  assert.deepEqual([result.code, result.stdout], [2, '']);
}
