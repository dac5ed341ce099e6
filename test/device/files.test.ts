import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { ecPair, edPair } from '../crypto/keys.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { ONE_TRY, newDevice } from './device.ts';
import type { TestDevice } from './device.ts';
import { startProxy } from './proxy.ts';

describe('the files of a rotation', () => {
  let service: TestService;

  before(async () => {
    service = await startService();
  });

  after(() => service[Symbol.asyncDispose]());

  it('keep each key until a later rotation has succeeded', async () => {
    using device = await newDevice(service);
    const keys = [device.thumbprint];
    for (let run = 0; run < 3; run += 1) {
      await using proxy = await startProxy(service.url, ['lose_request']);
      await assert.rejects(device.rotate({ url: proxy.url, ...ONE_TRY }), { trouble: 'failed' });
      const next = String(device.pending?.['new_thumbprint']);
      assert.deepEqual(device.remembered, [...keys.slice(-2), next]);
      assert.equal((await device.rotate()).thumbprint, next);
      keys.push(next);
      assert.deepEqual(device.remembered, keys.slice(-2));
    }
    await device.assertSettled(3);
  });

  it('hold the new key before the first byte is sent', async () => {
    using device = await newDevice(service);
    await device.rotate({
      checkpoint: (name) => {
        if (name !== 'before request') return;
        const { pending } = device;
        assert.deepEqual(device.remembered, [device.thumbprint, pending?.['new_thumbprint']]);
        assert.ok(Number(pending?.['exp']) > Date.now() / 1000);
        device.assertPrivate();
      },
    });
  });

  it('belong to one run at a time', async () => {
    using device = await newDevice(service);
    await using proxy = await startProxy(service.url, [{ status: 503, headers: { 'retry-after': '1' } }]);
    const first = device.rotate({ url: proxy.url });
    await assert.rejects(device.rotate(), { trouble: 'failed', message: `another Keyturn (pid ${process.pid}) is using ${device.stateFolder}` });
    await first;
    await device.assertSettled(1);
  });

  it('may be reached by a link, which stays', async () => {
    using device = await newDevice(service);
    const link = join(device.folder, 'link.pem');
    symlinkSync('device.pem', link);
    const { thumbprint } = await device.rotate({ keyFile: link });
    assert.equal(device.thumbprint, thumbprint);
  });

  it('are left as they are if they belong to another device', async () => {
    using device = await newDevice(service);
    using other = await newDevice(service);
    await device.rotate();
    await refuses(device, new RegExp(`^the state folder is that of the device ${device.id}; give another one for ${other.id}$`), { deviceId: other.id });
    await refuses(device, /^the state folder does not know the key in the key file/, { keyFile: other.keyFile });
  });

  it('must be private and whole', async () => {
    using device = await newDevice(service);
    const good = join(device.folder, 'good.pem');
    copyFileSync(device.keyFile, good);
    mkdirSync(device.stateFolder, { mode: 0o755 });
    await refuses(device, /state is open to other users: run chmod 700/);
    chmodSync(device.stateFolder, 0o700);
    chmodSync(device.keyFile, 0o640);
    await refuses(device, /device\.pem is open to other users: run chmod 600/);
    chmodSync(device.keyFile, 0o600);
    await refuses(device, /none cannot be found \(ENOENT\): --key names the device's private key/, { keyFile: join(device.folder, 'none') });
    for (const text of ['', ' \n', 'text', ecPair('P-256').publicKey.export({ type: 'spki', format: 'pem' }).toString(), ...badKeys()]) {
      writeFileSync(device.keyFile, text);
      await refuses(device, /^\S+device\.pem (?:is empty|holds (?:no unencrypted private key as PKCS#8 PEM|a private key (?:that cannot be read|of no known kind)))/);
    }
    copyFileSync(good, device.keyFile);
    await device.rotate();
    const state = readFileSync(device.stateFile, 'utf8');
    for (const text of ['{', '[]', '{"version":2}', state.slice(0, -10), state.replace('"version": 1', '"version": 2'), ...damaged(state)]) {
      writeFileSync(device.stateFile, text);
      await refuses(device, /^\S+rotation\.json (?:is damaged|lacks|holds)/);
      assert.equal(readFileSync(device.stateFile, 'utf8'), text);
    }
    writeFileSync(device.stateFile, state);
    await device.rotate();
  });

  it('are told where they are if the key file cannot be written in the end', async () => {
    using device = await newDevice(service);
    const blocker = join(device.folder, '.device.pem.keyturn-new');
    const block = (name: string): void => {
      if (name === 'after request: answered') mkdirSync(blocker);
    };
    const message = /^the service has the new key, but \S+device\.pem cannot be written \(\w+\); the key is safe in \S+rotation\.json: mend this and run again$/;
    await assert.rejects(device.rotate({ checkpoint: block }), { trouble: 'failed', message });
    assert.ok(existsSync(blocker) && readdirSync(blocker).length === 0);
  });
});

/** Nothing that was given is changed, and what is said holds nothing of it. */
async function refuses(device: TestDevice, message: RegExp, overrides: Parameters<TestDevice['rotate']>[0] = {}): Promise<void> {
  const file = overrides.keyFile ?? device.keyFile;
  const content = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const error = await device.rotate(overrides).then(() => assert.fail('it was not refused'), (caught: unknown) => caught as Error & { trouble: string });
  assert.equal(error.trouble, 'usage', error.message);
  assert.match(error.message, message);
  assert.ok(!content.split('\n').some((line) => line.length > 20 && error.message.includes(line)));
  if (existsSync(file)) assert.equal(readFileSync(file, 'utf8'), content);
}

function badKeys(): string[] {
  const key = ecPair('P-256').privateKey;
  const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  return [
    key.export({ type: 'sec1', format: 'pem' }).toString(),
    key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
    pem.replace(/M/, 'A'),
    ecPair('P-521').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  ];
}

function damaged(state: string): string[] {
  const json = JSON.parse(state) as { keys: Record<string, unknown>[] };
  const [first, second] = json.keys;
  const pending = { old_thumbprint: '0', new_thumbprint: '1', exp: 1, replacement: false, jwt: 'j', pop: 'p' };
  const variants: object[] = [
    { pending },
    { pending: { ...pending, exp: '1' } },
    { pending: 'none' },
    { keys: [null] },
    { keys: [{ ...first, private_key: second?.['private_key'] }] },
    { keys: [{ ...first, algorithm: 'none' }] },
    { keys: [{ ...first, private_key: edPair().privateKey.export({ type: 'pkcs8', format: 'pem' }) }] },
    { device_id: 1 },
  ];
  return variants.map((variant) => JSON.stringify({ ...json, ...variant }));
}
