import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { describe, it } from 'mocha';
import type { JwsAlgorithm } from '../../src/crypto/algorithms.ts';
import { parseCompactJws, verifyCompactJws } from '../../src/crypto/jws.ts';
import { parseProof, verifyProof } from '../../src/crypto/proof_of_possession.ts';
import { loadPublicKey, parsePem } from '../../src/crypto/public_key.ts';
import { makeDeviceKey, readDeviceKey, toPrivatePem } from '../../src/device/device_key.ts';
import { signProbe, signUpdate } from '../../src/device/key_update.ts';
import { ALL } from '../crypto/keys.ts';

describe('what a device sends', () => {
  for (const alg of ALL) {
    it(`is a JWT and a proof that verify: ${alg}`, async () => {
      const [old, next] = [makeDeviceKey(alg), makeDeviceKey(alg)];
      const { jwt, pop } = signUpdate('pump-7', old, next, 1_900_000_000);
      const jws = parseCompactJws(jwt) ?? assert.fail();
      const { jti, public_key: pem, ...rest } = jws.payload;
      assert.deepEqual(jws.header, { alg, typ: 'JWT', kid: 'pump-7' });
      assert.deepEqual(rest, { sub: 'pump-7', exp: 1_900_000_000 });
      assert.match(String(jti), /^[0-9A-F]{32}$/);
      assert.equal(await verifyCompactJws(jws, publicOf(old.spki), alg), true);
      const installed = publicOf(parsePem(String(pem)) ?? assert.fail());
      assert.equal(installed.thumbprint, next.thumbprint);
      const proof = parseProof(pop, installed) ?? assert.fail();
      assert.equal(await verifyProof(proof, jws, installed, { hexText: false, algorithms: new Set<JwsAlgorithm>([alg]) }), true);
    });
  }

  it('is, as a probe, no key and nothing that buys a token', () => {
    const { jwt } = signProbe('pump-7', makeDeviceKey('ES256'));
    const { jti, ...rest } = parseCompactJws(jwt)?.payload ?? assert.fail();
    assert.deepEqual(rest, { sub: 'pump-7', public_key: 'none' });
    assert.match(String(jti), /^[0-9A-F]{32}$/);
  });
});

describe('a key of a device', () => {
  it('is written as PKCS#8 PEM and read back', () => {
    for (const alg of ALL) {
      const key = makeDeviceKey(alg);
      const pem = toPrivatePem(key);
      assert.match(pem, /^-----BEGIN PRIVATE KEY-----\n[^]*\n-----END PRIVATE KEY-----\n$/);
      const { thumbprint, alg: read } = readDeviceKey(pem, alg);
      assert.deepEqual([thumbprint, read], [key.thumbprint, alg]);
      assert.ok(createPrivateKey(pem).equals(key.privateKey));
    }
  });

  it('signs as is usual for its kind unless told otherwise', () => {
    assert.deepEqual([readBack('PS256'), readBack('Ed25519'), readBack('ES384', 'ES256'), readBack('RS256', 'PS256')], ['RS256', 'EdDSA', 'ES384', 'PS256']);
  });
});

function publicOf(spki: Buffer) {
  return loadPublicKey(spki, ALL) ?? assert.fail();
}

function readBack(alg: JwsAlgorithm, preferred?: JwsAlgorithm): JwsAlgorithm {
  return readDeviceKey(toPrivatePem(makeDeviceKey(alg)), preferred).alg;
}
