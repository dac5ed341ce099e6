import { equal, ok } from 'node:assert/strict';
import { type CompactJws, parseCompactJws, verifyCompactJws } from '../../src/crypto/jws.ts';
import { parseProof, verifyProof } from '../../src/crypto/proof_of_possession.ts';
import { type LoadedPublicKey, parsePem, parsePublicKey } from '../../src/crypto/public_key.ts';
import vectors from '../vectors/iothentix.json' with { type: 'json' };

const ES256 = new Set(['ES256'] as const);

function keyOf(pem: unknown): LoadedPublicKey {
  const key = typeof pem === 'string' ? parsePublicKey(pem, ES256) : undefined;
  ok(key);
  return key;
}

function jwtOf(section: '11.1' | '11.2'): CompactJws {
  const jwt = parseCompactJws(vectors[section].jwt);
  ok(jwt);
  equal(jwt.header['kid'], vectors[section].device_id);
  equal(jwt.payload['sub'], vectors[section].device_id);
  equal(jwt.payload['jti'], vectors[section].jti);
  return jwt;
}

describe('test vectors (contracts/iothentix.md 11)', () => {
  it('11.1: the documented JWT verifies under the registered key, not under the one inside', async () => {
    const jwt = jwtOf('11.1');
    equal(jwt.sha256.toString('hex'), vectors['11.1'].jwt_sha256);
    equal(jwt.payload['public_key'], vectors['11.1'].new_key);
    equal(await verifyCompactJws(jwt, keyOf(vectors['11.1'].registered_key), 'ES256'), true);
    equal(await verifyCompactJws(jwt, keyOf(jwt.payload['public_key']), 'ES256'), false);
    equal(await verifyCompactJws(jwt, keyOf(vectors['11.2'].registered_key), 'ES256'), false);
  });

  it('11.1: the registered key has the coordinates of the document', () => {
    const point = parsePem(vectors['11.1'].registered_key)?.subarray(-64).toString('hex');
    equal(point, vectors['11.1'].registered_x + vectors['11.1'].registered_y);
  });

  it('11.2: the JWT verifies, and PoP A and B verify under the new key alone', async () => {
    const jwt = jwtOf('11.2');
    const registered = keyOf(vectors['11.2'].registered_key);
    const fresh = keyOf(jwt.payload['public_key']);
    equal(await verifyCompactJws(jwt, registered, 'ES256'), true);
    equal(await verifyCompactJws(jwt, fresh, 'ES256'), false);
    for (const name of ['pop_a', 'pop_b'] as const) {
      const proof = parseProof(vectors['11.2'][name], fresh);
      ok(proof);
      equal(await verifyProof(proof, jwt, fresh, { hexText: false, algorithms: ES256 }), true);
      equal(await verifyProof(proof, jwt, registered, { hexText: false, algorithms: ES256 }), false);
      equal(await verifyProof(proof, jwtOf('11.1'), fresh, { hexText: false, algorithms: ES256 }), false);
    }
  });
});
