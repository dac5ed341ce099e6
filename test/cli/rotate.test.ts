import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { selfSigned } from '../device/certificate.ts';
import { newDevice } from '../device/device.ts';
import type { TestDevice } from '../device/device.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { keyturn, runHere } from './keyturn.ts';

describe('keyturn rotate', () => {
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
    ['rotate', '--url', url, '--device-id', device.id, '--key', device.keyFile, '--state', device.stateFolder, ...more];

  it('replaces the key and says so in one line, with no settings at all', async () => {
    const { code, stdout, stderr } = await keyturn(argsOf(service.url), { cwd: device.folder });
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(stdout, `${device.id} has the new key ${device.thumbprint} (ES256)\n`);
    assert.equal(device.thumbprint, await device.currentThumbprint());
  });

  it('answers machines, and tells what an earlier run had begun', async () => {
    const previous = device.thumbprint;
    const dead = await runHere(argsOf('http://127.0.0.1:1', '--timeout', '1'));
    assert.deepEqual([dead.code, dead.stdout], [1, '']);
    assert.match(dead.stderr, /^keyturn: there was no certain answer in time; [^\n]*ECONNREFUSED[^\n]*\n$/);
    const { code, stdout } = await runHere(argsOf(service.url, '--json'));
    const { thumbprint } = device;
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), {
      device_id: device.id, key_thumbprint: thumbprint, algorithm: 'ES256', previous_thumbprint: previous, resumed: true,
    });
  });

  it('tells refusals from failures by its exit code, and no secret in any case', async () => {
    const key = readFileSync(device.keyFile, 'utf8');
    await device.operate('POST', ':freeze', {});
    const frozen = await keyturn(argsOf(service.url, '--json'));
    await device.operate('POST', ':unfreeze', {});
    assert.deepEqual([frozen.code, frozen.stdout], [3, '']);
    assert.match(frozen.stderr, /^\{"error":\{"exit_code":3,"message":"the service has refused the new key: [^\n]*\n$/);
    assert.equal(readFileSync(device.keyFile, 'utf8'), key);
    const { pending } = device;
    for (const secret of [pending?.['jwt'], pending?.['pop'], ...key.split('\n').slice(1, -2)]) {
      assert.ok(!frozen.stderr.includes(String(secret)));
    }
    await refuses(argsOf(service.url, '--device-id', 'other'), /^keyturn: the state folder is that of the device d-/);
    await refuses(argsOf(service.url, '--device-id', 'a b'), /^keyturn: a device id has 1 to 128 characters/);
  });

  it('takes http to this machine only, unless told otherwise', async () => {
    await refuses(argsOf('http://192.0.2.1'), /^keyturn: --url leads to 192\.0\.2\.1 without TLS; use https, or add --insecure-http\n$/);
    await refuses(argsOf('http://127.0.0.1.example.com'), /without TLS/);
    for (const url of ['http://localhost:1', 'http://[::1]:1', 'http://127.1.2.3:1']) {
      assert.equal((await runHere(argsOf(url, '--timeout', '1'))).code, 1, url);
    }
    const { code, stderr } = await runHere(argsOf('http://keyturn.invalid', '--insecure-http', '--timeout', '1'));
    assert.deepEqual([code, /no certain answer/.test(stderr)], [1, true]);
  });

  it('complains of wrong usage', async () => {
    for (const url of ['', 'keyturn.example.com', 'ftp://a', 'https://a?b', 'https://a#b']) await refuses(argsOf(url), /^keyturn: --url expects a URL/);
    await refuses(argsOf('https://me:pass-word@a'), /^keyturn: --url takes no user and no password\n$/);
    for (const [option, value] of [['--exp', '9'], ['--exp', '86401'], ['--timeout', '0'], ['--timeout', '1e3'], ['--alg', 'HS256']] as const) {
      await refuses(argsOf(service.url, option, value), new RegExp(`^keyturn: option '${option} <[A-Z]+>' argument '${value}' is invalid`));
    }
    for (const option of ['--url', '--device-id', '--key', '--state']) {
      const args = argsOf(service.url);
      args.splice(args.indexOf(option), 2);
      await refuses(args, new RegExp(`^keyturn: required option '${option} <[A-Z]+>' not specified`));
    }
    await refuses(argsOf(service.url, '--ca', join(device.folder, 'none')), /^keyturn: cannot read certificates from/);
    await refuses(argsOf(service.url, '--ca', device.keyFile), /^keyturn: cannot read certificates from/);
  });

  it('speaks TLS to whom it is told to trust, and to nobody else', async () => {
    const { cert, key } = selfSigned();
    const server = createServer({ cert, key }, (incoming, outgoing) => {
      const { method, url, headers } = incoming;
      const onward = request(service.url + url, { method, headers, agent: false }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
        answer.pipe(outgoing);
      });
      incoming.pipe(onward);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const ca = join(device.folder, 'ca.pem');
    writeFileSync(ca, cert);
    const environment = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    const stranger = await keyturn(argsOf(url, '--timeout', '1'), { environment });
    assert.deepEqual([stranger.code, /DEPTH_ZERO_SELF_SIGNED_CERT/.test(stranger.stderr)], [1, true], stranger.stderr);
    const { code, stderr } = await runHere(argsOf(url, '--ca', ca));
    assert.deepEqual([code, stderr], [0, '']);
    server.close();
    assert.equal(device.thumbprint, await device.currentThumbprint());
  });

  it('has help with examples', async () => {
    const { code, stdout } = await runHere(['rotate', '--help']);
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: keyturn rotate [^]*\nExamples:\n {2}\$ keyturn rotate/);
  });
});

async function refuses(args: readonly string[], stderr: RegExp): Promise<void> {
  const result = await runHere(args);
  assert.match(result.stderr, stderr);
  assert.deepEqual([result.code, result.stdout], [2, '']);
}
