import assert from 'node:assert/strict';
import { createLocalJWKSet, errors, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';
import { describe, it } from 'mocha';
import type { KeyKind } from '../../../src/crypto/algorithms.ts';
import { WIRES } from '../answer.ts';
import { EVERY_ALGORITHM, makeUpdate, updated } from '../harness.ts';
import type { Bench, Device } from '../harness.ts';
import { newPair, thumbprintOf } from '../jwt.ts';
import { withBench } from '../rows.ts';
import { askKeySet, keySet } from './checks.ts';
import type { ShownKey } from './checks.ts';
import { authenticationJwt } from './kit.ts';

const KINDS: readonly (readonly [KeyKind, readonly string[], readonly string[]])[] = [
  ['P-256', ['ES256'], ['kty', 'crv', 'x', 'y', 'kid', 'use', 'alg', 'thumbprint', 'state']],
  ['P-384', ['ES384'], ['kty', 'crv', 'x', 'y', 'kid', 'use', 'alg', 'thumbprint', 'state']],
  ['Ed25519', ['Ed25519', 'EdDSA'], ['kty', 'crv', 'x', 'kid', 'use', 'thumbprint', 'state']],
  ['RSA', ['RS256', 'PS256'], ['kty', 'n', 'e', 'kid', 'use', 'thumbprint', 'state']],
];

function jwtOf(device: Device, alg: string): string {
  return authenticationJwt(device, { edit: (draft) => Object.assign(draft, { header: { ...draft.header, alg }, signAs: alg }) });
}

/** Verifies a JWT as others do, by the set alone. */
async function verifyBy(keys: readonly ShownKey[], jwt: string, algorithms: readonly string[]): Promise<void> {
  await jwtVerify(jwt, createLocalJWKSet({ keys } as unknown as JSONWebKeySet), { algorithms: [...algorithms] });
}

async function rotate(bench: Bench, device: Device, kind = device.kind): Promise<Device> {
  const update = makeUpdate(device, { kind });
  assert.equal((await bench.sendUpdate('grpc', update)).status, 0);
  return { ...updated(update), kind };
}

describe('the key set of a device', () => {
  const bench = withBench(EVERY_ALGORITHM);

  for (const wire of WIRES) {
    for (const [kind, algorithms, members] of KINDS) {
      it(`has its ${kind} key, by which jose verifies its JWTs and no others (${wire})`, async () => {
        const device = await bench().device({ kind });
        const keys = await keySet(bench(), wire, device.id);
        const [key] = keys;
        assert.ok(key && keys.length === 1);
        assert.deepEqual(Object.keys(key).toSorted(), members.toSorted());
        const { kid, use, alg, thumbprint, state } = key;
        assert.deepEqual({ kid, use, alg, thumbprint, state }, { kid: device.id, use: 'sig', alg: kind.startsWith('P') ? algorithms[0] : undefined, thumbprint: thumbprintOf(device.pair), state: 'CURRENT' });
        for (const each of algorithms) {
          await verifyBy(keys, jwtOf(device, each), algorithms);
          await assert.rejects(verifyBy(keys, jwtOf({ ...device, pair: newPair(kind) }, each), algorithms), errors.JWSSignatureVerificationFailed);
        }
      });
    }

    it(`has the keys before it if they are asked for, newest first, marked, and of use to nobody (${wire})`, async () => {
      const first = await bench().device();
      const second = await rotate(bench(), first, 'P-384');
      const third = await rotate(bench(), second, 'Ed25519');
      assert.deepEqual((await keySet(bench(), wire, first.id)).map(({ thumbprint }) => thumbprint), [thumbprintOf(third.pair)]);
      const keys = await keySet(bench(), wire, first.id, { retired: true });
      const listed = await bench().operator('GET', `/v1/devices/${first.id}/keys`);
      const { keys: all } = JSON.parse(listed.body) as { keys: { thumbprint: string; state: string; retired_at: string }[] };
      assert.deepEqual(keys.map(({ thumbprint, state, retired_at: end }) => [thumbprint, state, end]), all.map(({ thumbprint, state, retired_at: end }) => [thumbprint, state, end ?? undefined]));
      assert.deepEqual(keys.map(({ kid }) => kid), [first.id, `retired:${thumbprintOf(second.pair)}`, `retired:${thumbprintOf(first.pair)}`]);
      await verifyBy(keys, jwtOf(third, 'EdDSA'), ['EdDSA']);
      for (const [old, alg] of [[first, 'ES256'], [second, 'ES384']] as const) {
        await assert.rejects(verifyBy(keys, jwtOf(old, alg), [alg]), errors.JWKSNoMatchingKey);
      }
    });

    it(`has no key of a frozen device but those before, and again its key when it is unfrozen (${wire})`, async () => {
      const old = await bench().device();
      const device = await rotate(bench(), old);
      await bench().operator('POST', `/v1/devices/${device.id}:freeze`);
      assert.deepEqual(await keySet(bench(), wire, device.id), []);
      assert.deepEqual((await keySet(bench(), wire, device.id, { retired: true })).map(({ thumbprint }) => thumbprint), [thumbprintOf(old.pair)]);
      await bench().operator('POST', `/v1/devices/${device.id}:unfreeze`);
      await verifyBy(await keySet(bench(), wire, device.id), jwtOf(device, 'ES256'), ['ES256']);
    });

    it(`is empty for a device without a key (${wire})`, async () => {
      const id = `keyless-${wire}`;
      await bench().operator('POST', '/v1/devices', { device_id: id });
      for (const retired of [false, true]) assert.deepEqual(await keySet(bench(), wire, id, { retired }), []);
    });

    it(`is not there for devices that are not (${wire})`, async () => {
      const removed = await bench().device();
      await bench().operator('DELETE', `/v1/devices/${removed.id}`);
      for (const id of [removed.id, 'nobody', 'no body', 'x'.repeat(200), '%', '\u00e4', "'; drop table device; --"]) {
        for (const retired of [false, true]) {
          const { status, reason } = await askKeySet(bench(), wire, id, { retired });
          assert.deepEqual([status, reason], [wire === 'rest' ? 404 : 5, 'DEVICE_NOT_FOUND'], id);
        }
      }
    });

    it(`does not let a retired key count in the name of a device that is called as its thumbprint (${wire})`, async () => {
      const pair = newPair();
      const device = await bench().device({ id: thumbprintOf(pair), pair });
      const next = await rotate(bench(), device);
      const keys = await keySet(bench(), wire, device.id, { retired: true });
      await verifyBy(keys, jwtOf(next, 'ES256'), ['ES256']);
      await assert.rejects(verifyBy(keys, jwtOf(device, 'ES256'), ['ES256']), errors.JWSSignatureVerificationFailed);
      await bench().operator('POST', `/v1/devices/${device.id}:freeze`);
      const frozen = await keySet(bench(), wire, device.id, { retired: true });
      await assert.rejects(verifyBy(frozen, jwtOf(device, 'ES256'), ['ES256']), errors.JWKSNoMatchingKey);
    });
  }

  it('does not show the keys of an earlier device of the same id', async () => {
    const earlier = await rotate(bench(), await bench().device());
    await bench().operator('DELETE', `/v1/devices/${earlier.id}`);
    const device = await bench().device({ id: earlier.id });
    for (const wire of WIRES) {
      const keys = await keySet(bench(), wire, device.id, { retired: true });
      assert.deepEqual(keys.map(({ thumbprint }) => thumbprint), [thumbprintOf(device.pair)]);
    }
    const next = await rotate(bench(), device);
    assert.deepEqual((await keySet(bench(), 'rest', device.id, { retired: true })).map(({ thumbprint }) => thumbprint), [next, device].map(({ pair }) => thumbprintOf(pair)));
  });

  it('has the 100 latest of those before it', async () => {
    const all = [await bench().device()];
    for (let count = 0; count < 102; count += 1) all.unshift(await rotate(bench(), all[0] ?? assert.fail()));
    const expected = all.slice(0, 101).map(({ pair }) => thumbprintOf(pair));
    const id = all[0]?.id ?? '';
    for (const wire of WIRES) assert.deepEqual((await keySet(bench(), wire, id, { retired: true })).map(({ thumbprint }) => thumbprint), expected);
    await bench().operator('POST', `/v1/devices/${id}:freeze`);
    assert.deepEqual((await keySet(bench(), 'rest', id, { retired: true })).map(({ thumbprint }) => thumbprint), expected.slice(1));
  });

  it('is the same over both wires', async () => {
    const device = await rotate(bench(), await bench().device({ kind: 'RSA' }), 'P-256');
    const [rest, grpc] = [await keySet(bench(), 'rest', device.id, { retired: true }), await keySet(bench(), 'grpc', device.id, { retired: true })];
    assert.deepEqual(rest, grpc);
  });

  it('refuses a query that it does not know, and a word that is no bool', async () => {
    const device = await bench().device();
    for (const query of ['include_retired=yes', 'include_retired=', 'device_id=other', 'retired=true', 'include_retired=true&include_retired=true']) {
      const { status, reason } = await bench().operator('GET', `/v1/devices/${device.id}/jwks.json?${query}`);
      assert.deepEqual([status, reason], [400, 'INVALID_ARGUMENT'], query);
    }
  });
});
