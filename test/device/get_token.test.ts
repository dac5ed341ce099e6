import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'mocha';
import { getToken } from '../../src/device/get_token.ts';
import type { TokenOptions } from '../../src/device/get_token.ts';
import type { IssuedToken } from '../../src/device/token_request.ts';
import { pairOf } from '../crypto/keys.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { ONE_TRY, TestDevice, inTurns, newDevice } from './device.ts';
import { startProxy } from './proxy.ts';
import type { Fault } from './proxy.ts';

/** What is not the service's word, whatever it looks like. */
const DOUBTS: ReadonlyMap<string, Fault> = new Map<string, Fault>([
  ['a request that is lost', 'lose_request'],
  ['a reply that is lost', 'lose_reply'],
  ['a reply that is cut off', 'cut_reply'],
  ['502 of a proxy', { status: 502, body: '<h1>Bad Gateway</h1>' }],
  ['503 with Retry-After', { status: 503, headers: { 'retry-after': '0' } }],
  ['500 of the service', { status: 500, body: '{"error":{"code":500,"status":"Internal Server Error","request":"r","message":""}}' }],
  ['a login page with 200', { status: 200, body: '<html>Welcome to the hotel</html>' }],
  ['200 with no token', { status: 200, body: '{"access_token":"","expires_in":1,"scope":"","token_type":"bearer"}' }],
  ['200 with a token of no printable text', { status: 200, body: '{"access_token":"a\\u001b[2J","expires_in":1,"scope":"","token_type":"bearer"}' }],
  ['401 of a proxy', { status: 401, body: 'Who are you?' }],
  ['404', { status: 404, body: '{"error":{"code":404,"status":"Not Found","request":"r","message":""}}' }],
  ['429 of the service', { status: 429, headers: { 'retry-after': '0' }, body: '{"error":{"code":429,"message":"Slow down","status":"Too Many Requests"}}' }],
]);

type Overrides = Partial<Omit<TokenOptions, 'target'>> & { readonly url?: string };

function tokenOf(device: TestDevice, { url = device.service.url, ...overrides }: Overrides = {}): Promise<IssuedToken> {
  const { id: deviceId, keyFile, stateFolder } = device;
  return getToken({ target: { url: new URL(url) }, deviceId, keyFile, stateFolder, lifetime: 60, timeout: 20_000, firstPause: 10, ...overrides });
}

/** What the service says of a token. */
async function introspect(device: TestDevice, token: string): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${device.service.url}/idp/introspect`, { method: 'POST', headers, body: JSON.stringify({ token }) });
  return (await answer.json()) as Record<string, unknown>;
}

async function assertCounts(device: TestDevice, { access_token: token }: IssuedToken): Promise<void> {
  const { active, sub } = await introspect(device, token);
  assert.deepEqual({ active, sub }, { active: true, sub: device.id });
}

describe('a token for the key of a device', () => {
  let service: TestService;

  before(async () => {
    service = await startService();
  });

  after(() => service[Symbol.asyncDispose]());

  it('is had before the first rotation and after it, and changes no file', async () => {
    using device = await newDevice(service);
    await assertCounts(device, await tokenOf(device));
    assert.throws(() => readFileSync(device.stateFile), { code: 'ENOENT' });
    await device.rotate();
    const files = [readFileSync(device.keyFile, 'utf8'), readFileSync(device.stateFile, 'utf8')];
    await using proxy = await startProxy(service.url);
    await assertCounts(device, await tokenOf(device, { url: proxy.url }));
    assert.equal(proxy.seen.length, 1, 'the current key is asked first');
    assert.deepEqual([readFileSync(device.keyFile, 'utf8'), readFileSync(device.stateFile, 'utf8')], files);
    await device.assertSettled(1);
  });

  for (const [outcome, fault, asked] of [['never arrived', 'lose_request', 1], ['was committed', 'lose_reply', 2]] as const) {
    it(`is had while a rotation is open that ${outcome}, with the key that counts`, async () => {
      using device = await newDevice(service);
      await using proxy = await startProxy(service.url, [fault]);
      await assert.rejects(device.rotate({ url: proxy.url, ...ONE_TRY }), { trouble: 'failed' });
      const state = readFileSync(device.stateFile, 'utf8');
      await assertCounts(device, await tokenOf(device, { url: proxy.url }));
      assert.equal(proxy.seen.length, 1 + asked, 'the old key is asked first');
      assert.equal(readFileSync(device.stateFile, 'utf8'), state);
      assert.equal((await device.rotate()).resumed, true);
      await device.assertSettled(1);
    });
  }

  it('is had wherever a rotation was killed, which is finished afterwards', async () => {
    using model = await newDevice(service);
    const names = await model.checkpoints();
    assert.ok(names.length > 20, String(names.length));
    await inTurns([...names.keys()], async (index) => {
      using device = await newDevice(service);
      assert.equal(await device.rotateUntil(index), true, names[index]);
      await assertCounts(device, await tokenOf(device));
      await device.rotate();
      assert.equal(device.thumbprint, await device.currentThumbprint(), names[index]);
    });
  }).timeout(300_000);

  it('is had after a rotation was refused, with further keys in the folder', async () => {
    using device = await newDevice(service);
    await device.operate('POST', ':freeze', {});
    for (let run = 0; run < 2; run += 1) await assert.rejects(device.rotate(), { trouble: 'refused' });
    assert.equal(device.remembered.length, 3);
    await assert.rejects(tokenOf(device), { trouble: 'refused', message: /is frozen/ });
    await device.operate('POST', ':unfreeze', {});
    await assertCounts(device, await tokenOf(device));
  });

  it('is had while another process rotates, which holds the state folder', async () => {
    using device = await newDevice(service);
    let token: IssuedToken | undefined;
    await using proxy = await startProxy(service.url, [async () => (token = await tokenOf(device))]);
    await device.rotate({ url: proxy.url });
    await assertCounts(device, token ?? assert.fail('the rotation sent nothing'));
    await device.assertSettled(1);
  });

  it('is had with a key that was made after the keys were read', async () => {
    using device = await newDevice(service);
    await using proxy = await startProxy(service.url, [() => device.rotate()]);
    await assertCounts(device, await tokenOf(device, { url: proxy.url }));
    assert.equal(proxy.seen.length, 2, 'the replaced key, then the new one');
  });

  it('is had with the key before the last one, if the service was restored from a backup', async () => {
    await using later = await startService();
    using device = await newDevice(service);
    await device.rotate();
    const [, first] = await device.history();
    using restored = new TestDevice(later);
    await restored.operate('POST', '', { device_id: device.id, public_key: first?.public_key });
    const { access_token: token } = await tokenOf(device, { url: later.url });
    const { active, sub } = await introspect(restored, token);
    assert.deepEqual([active, sub], [true, device.id]);
  });

  for (const [name, fault] of DOUBTS) {
    it(`is asked for by a new JWT after ${name}`, async () => {
      using device = await newDevice(service);
      await using proxy = await startProxy(service.url, [fault]);
      await assertCounts(device, await tokenOf(device, { url: proxy.url }));
      assert.equal(new Set(proxy.seen).size, 2);
      assert.equal(proxy.seen.length, 2);
    });
  }

  for (const [name, skew, requests] of [['behind', -86_400_000, 2], ['ahead', 86_400_000, 1]] as const) {
    it(`is had with a clock that is a day ${name}`, async () => {
      using device = await newDevice(service);
      await using proxy = await startProxy(service.url);
      await assertCounts(device, await tokenOf(device, { url: proxy.url, now: () => Date.now() + skew }));
      assert.equal(proxy.seen.length, requests);
    });
  }

  it('is refused while the device is frozen, for a scope that it may not have, and for a key that is not known', async () => {
    using device = await newDevice(service);
    await assert.rejects(tokenOf(device, { scope: 'other' }), { trouble: 'refused', message: /is frozen, or may not have every scope .*\(request / });
    await device.operate('POST', ':freeze', {});
    await assert.rejects(tokenOf(device), { trouble: 'refused', message: /is frozen, or may not have every scope/ });
    using unknown = new TestDevice(service);
    unknown.putKey(pairOf('P-256'));
    await assert.rejects(tokenOf(unknown), { trouble: 'refused', message: /^the service accepts none of the keys of d-.*\(request / });
  });

  it('fails, to be tried again, where clocks, limits or the line are at fault', async () => {
    using device = await newDevice(service);
    await assert.rejects(tokenOf(device, { lifetime: -1 }), { trouble: 'failed', message: /^every JWT had ended .*: set the clock, or give a larger --exp/ });
    await assert.rejects(tokenOf(device, { url: 'http://127.0.0.1:1', timeout: 300 }), { trouble: 'failed', message: /no answer, ECONNREFUSED; there is no token, run again/ });
    await using strict = await startService({ settings: { KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE: '1' } });
    using busy = await newDevice(strict);
    await assertCounts(busy, await tokenOf(busy));
    await assert.rejects(tokenOf(busy, { timeout: 1000 }), { trouble: 'failed', message: /used up its requests for tokens; .*HTTP 429.*run again in \d+ seconds/ });
  });
});

describe('a token for a key of another kind', () => {
  it('is had by the algorithm that the service takes', async () => {
    await using service = await startService({ settings: { KEYTURN_IOTHENTIX_ALGORITHMS: 'ES256,ES384,Ed25519,PS256' } });
    for (const kind of ['P-384', 'Ed25519', 'RSA'] as const) {
      using device = await newDevice(service, kind);
      await assertCounts(device, await tokenOf(device));
    }
  });
});
