import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { JwsAlgorithm, KeyKind } from '../../src/crypto/algorithms.ts';
import { ecPair } from '../crypto/keys.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { ONE_TRY, TestDevice, newDevice } from './device.ts';
import { startProxy } from './proxy.ts';

const ALL = 'ES256,ES384,EdDSA,Ed25519,RS256,PS256';

describe('a rotation that the service refuses', () => {
  let service: TestService;

  before(async () => {
    service = await startService();
  });

  after(() => service[Symbol.asyncDispose]());

  it('leaves the key file alone while the device is frozen, with few keys, and succeeds afterwards', async () => {
    using device = await newDevice(service);
    const { thumbprint } = device;
    await device.operate('POST', ':freeze', {});
    for (let run = 0; run < 4; run += 1) {
      const message = /^the service has refused the new key: d-.* is frozen or may not replace its key; the current key still counts \(request /;
      await assert.rejects(device.rotate(), { trouble: 'refused', message });
      assert.equal(device.thumbprint, thumbprint);
      // The old key, the new one, and once another new one.
      assert.equal(device.remembered.length, run === 0 ? 2 : 3);
    }
    await device.operate('POST', ':unfreeze', {});
    assert.equal((await device.rotate()).resumed, true);
    await device.assertSettled(1);
  });

  it('finds out that it was done although the device is frozen now', async () => {
    using device = await newDevice(service);
    await using proxy = await startProxy(service.url, ['lose_reply']);
    await assert.rejects(device.rotate({ url: proxy.url, ...ONE_TRY }), { trouble: 'failed' });
    await device.operate('POST', ':freeze', {});
    assert.equal((await device.rotate()).resumed, true);
    await device.operate('POST', ':unfreeze', {});
    await device.assertSettled(1);
  });

  it('is not accepted with a kind of key that is off, and goes on with another', async () => {
    using device = await newDevice(service);
    for (const kept of [2, 3, 3]) {
      await assert.rejects(device.rotate({ alg: 'ES384' }), { trouble: 'refused', message: /takes no key of this kind; choose another --alg/ });
      assert.equal(device.remembered.length, kept);
    }
    assert.equal((await device.rotate({ alg: 'ES256' })).alg, 'ES256');
    await device.assertSettled(1);
  });

  it('does not know the device, or another key of it: nothing is lost, and registering it helps', async () => {
    using device = new TestDevice(service);
    const pair = ecPair('P-256');
    device.putKey(pair);
    for (let run = 0; run < 2; run += 1) {
      await assert.rejects(device.rotate(), { trouble: 'refused', message: /^the service accepts none of the keys of d-/ });
      assert.equal(device.remembered.length, 2);
    }
    const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' });
    await device.operate('POST', '', { device_id: device.id, public_key: publicKey });
    assert.equal((await device.rotate()).resumed, true);
    await device.assertSettled(1);
  });

  it('has rotated too often: the new key waits for its time', async () => {
    await using strict = await startService({ settings: { KEYTURN_IOTHENTIX_ROTATIONS_PER_HOUR: '1' } });
    using device = await newDevice(strict);
    await device.rotate();
    await assert.rejects(device.rotate({ lifetime: 7200 }), { trouble: 'failed', message: /used up its rotations; .*HTTP 429.* run again in 3\d\d\d seconds/ });
    strict.clock.advance(3_600_000);
    const { resumed, thumbprint } = await device.rotate();
    assert.deepEqual([resumed, thumbprint, device.thumbprint], [true, await device.currentThumbprint(), thumbprint]);
  });

  for (const [name, skew] of [['behind', -86_400_000], ['ahead', 86_400_000]] as const) {
    it(`does not stumble over a clock that is a day ${name}`, async () => {
      using device = await newDevice(service);
      await using proxy = await startProxy(service.url);
      await device.rotate({ url: proxy.url, now: () => Date.now() + skew });
      // The update, the probe, and the update by the clock of the service; or the update.
      assert.equal(proxy.seen.length, skew < 0 ? 3 : 1);
      await device.assertSettled(1);
    });
  }

  it('says so if no clock helps', async () => {
    using device = await newDevice(service);
    await assert.rejects(device.rotate({ lifetime: -1 }), { trouble: 'failed', message: /^the service knows the key but accepts no JWT that it signs: set the clock/ });
    assert.equal(device.remembered.length, 2);
    await device.rotate();
    await device.assertSettled(1);
  });

  it('was restored from a backup: the key before the last one is still there', async () => {
    await using later = await startService();
    using device = await newDevice(service);
    await device.rotate();
    const [, first] = await device.history();
    // The other service knows the device as it was before its rotation.
    using restored = new TestDevice(later);
    await restored.operate('POST', '', { device_id: device.id, public_key: first?.public_key });
    const { previousThumbprint } = await device.rotate({ url: later.url });
    assert.equal(previousThumbprint, first?.thumbprint);
  });

  it('has a newer key than the key file, which was set back: the state folder still has it', async () => {
    using device = await newDevice(service);
    const copy = join(device.folder, 'factory.pem');
    copyFileSync(device.keyFile, copy);
    for (let rotations = 1; rotations <= 3; rotations += 1) {
      const { thumbprint } = await device.rotate();
      copyFileSync(copy, device.keyFile);
      const { previousThumbprint } = await device.rotate();
      assert.equal(previousThumbprint, thumbprint);
      assert.equal(device.thumbprint, await device.currentThumbprint());
    }
  });
});

describe('a rotation to another kind of key', () => {
  const KINDS: readonly (readonly [JwsAlgorithm, KeyKind])[] = [
    ['ES256', 'P-256'], ['ES384', 'P-384'], ['EdDSA', 'Ed25519'], ['Ed25519', 'Ed25519'], ['RS256', 'RSA'], ['PS256', 'RSA'],
  ];
  let service: TestService;

  before(async () => {
    service = await startService({ settings: { KEYTURN_IOTHENTIX_ALGORITHMS: ALL } });
  });

  after(() => service[Symbol.asyncDispose]());

  it('works with all algorithms, one after the other', async () => {
    using device = await newDevice(service, 'RSA');
    let count = 0;
    for (const [alg, kind] of KINDS) {
      const rotated = await device.rotate({ alg });
      assert.equal(rotated.alg, alg, kind);
      // The same kind again, by default.
      assert.equal((await device.rotate()).alg, alg);
      count += 2;
      assert.equal((await device.history()).length, count + 1);
    }
    await device.assertSettled(count);
  });

  it('finds the one name or scheme that the service takes', async () => {
    await using narrow = await startService({ settings: { KEYTURN_IOTHENTIX_ALGORITHMS: 'ES256,Ed25519,PS256' } });
    for (const [kind, alg] of [['Ed25519', 'Ed25519'], ['RSA', 'PS256']] as const) {
      using device = await newDevice(narrow, kind);
      assert.equal((await device.rotate()).alg, alg);
      assert.equal(device.thumbprint, await device.currentThumbprint());
    }
  });

  it('is made after an open one of the old kind was settled', async () => {
    using device = await newDevice(service);
    await using proxy = await startProxy(service.url, ['lose_reply']);
    await assert.rejects(device.rotate({ url: proxy.url, ...ONE_TRY }), { trouble: 'failed' });
    const { alg, resumed } = await device.rotate({ alg: 'ES384' });
    assert.deepEqual([alg, resumed], ['ES384', false]);
    await device.assertSettled(2);
  });
});
