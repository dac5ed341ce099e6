import { equal, ok } from 'node:assert/strict';
import { constants, createHmac, sign } from 'node:crypto';
import type { JwsAlgorithm } from '../../src/crypto/algorithms.ts';
import { JWS_ALGORITHMS, isJwsAlgorithm } from '../../src/crypto/algorithms.ts';
import { algorithmFits, parseCompactJws, verifyCompactJws } from '../../src/crypto/jws.ts';
import { decoyKey, readPublicKey } from '../../src/crypto/public_key.ts';
import {
  ALL, KINDS, base64url, bytesOf, compactJws, ecPair, ecdsaDer, loaded, numberOf, pairOf, parsed, rsaPair, signAs,
} from './keys.ts';

const PAYLOAD = { sub: 'd1', jti: '00112233445566778899aabbccddeeff' };

function withSignature(compact: string, signature: Buffer): string {
  return `${compact.slice(0, compact.lastIndexOf('.'))}.${signature.toString('base64url')}`;
}

describe('a key that was never loaded', () => {
  it('verifies nothing if its point is off the curve', async () => {
    for (const [alg, kind] of [['ES256', 'P-256'], ['ES384', 'P-384']] as const) {
      const pair = ecPair(kind);
      const { spki } = loaded(pair);
      const key = readPublicKey(Buffer.from([...spki.subarray(0, -1), spki.readUInt8(spki.length - 1) ^ 1]));
      ok(key);
      const jws = parsed(compactJws(alg, pair.privateKey, { alg, typ: 'JWT', kid: 'd1' }, PAYLOAD));
      equal(await verifyCompactJws(jws, loaded(pair), alg), true);
      equal(await verifyCompactJws(jws, key, alg), false);
    }
  });
});

describe('an RSA signature without its leading zero', () => {
  it('is refused, though it is the same number', async () => {
    const pair = rsaPair(2048);
    for (let count = 0; ; count += 1) {
      const compact = compactJws('PS256', pair.privateKey, { alg: 'PS256', typ: 'JWT', kid: 'd1' }, { ...PAYLOAD, count });
      const { signature } = parsed(compact);
      if (signature[0] !== 0) continue;
      equal(await verifyCompactJws(parsed(compact), loaded(pair), 'PS256'), true);
      equal(await verifyCompactJws(parsed(withSignature(compact, signature.subarray(1))), loaded(pair), 'PS256'), false);
      return;
    }
  }).timeout(60_000);
});

describe('the algorithms (contracts/iothentix.md 5.1)', () => {
  it('are six, and only ES256 is on by default', () => {
    equal([...ALL].filter(isJwsAlgorithm).length, 6);
    for (const [alg, row] of Object.entries(JWS_ALGORITHMS)) equal(row.onByDefault, alg === 'ES256');
    for (const other of [
      'none', 'None', 'HS256', 'HS384', 'HS512', 'RS384', 'RS512', 'PS384', 'PS512', 'ES512', 'ES256K', 'es256', '',
      'toString', '__proto__', undefined, null, 1, ['ES256'],
    ]) {
      equal(isJwsAlgorithm(other), false);
    }
  });

  it('fit one kind of key each', () => {
    for (const alg of ALL) equal(KINDS.filter((kind) => algorithmFits(alg, kind)).length, 1);
    for (const alg of ['EdDSA', 'Ed25519'] as const) ok(algorithmFits(alg, 'Ed25519'));
    for (const alg of ['RS256', 'PS256'] as const) ok(algorithmFits(alg, 'RSA'));
  });
});

for (const alg of ALL) {
  const { kind } = JWS_ALGORITHMS[alg];

  describe(`verifying ${alg}`, () => {
    const pair = pairOf(kind);
    const otherPair = kind === 'RSA' ? rsaPair(3072) : pairOf(kind);
    const key = loaded(pair);
    const header = { alg, typ: 'JWT', kid: 'd1' };
    const compact = compactJws(alg, pair.privateKey, header, PAYLOAD);
    const verify = (text: string, by: JwsAlgorithm = alg): Promise<boolean> => verifyCompactJws(parsed(text), key, by);

    it('accepts a signature by the key, again and again', async () => {
      equal(await verify(compact), true);
      equal(await verify(compact), true);
    });

    it('refuses another key, the decoy included', async () => {
      equal(await verifyCompactJws(parsed(compact), loaded(otherPair), alg), false);
      equal(await verifyCompactJws(parsed(compact), decoyKey(kind), alg), false);
    });

    it('refuses keys of another kind and every other algorithm', async () => {
      for (const other of KINDS.filter((it) => it !== kind)) {
        equal(await verifyCompactJws(parsed(compact), loaded(pairOf(other)), alg), false);
      }
      for (const other of ALL) if (other !== alg) equal(await verify(compact, other), false);
    });

    it('refuses a header that names another algorithm, or none', async () => {
      for (const name of ['none', 'HS256', 'ES512', alg.toLowerCase(), '', 1, null, undefined, [alg]]) {
        equal(await verify(compactJws(alg, pair.privateKey, { ...header, alg: name }, PAYLOAD)), false);
      }
    });

    it('refuses an HMAC with the public key as its secret', async () => {
      const input = `${base64url({ ...header, alg: 'HS256' })}.${base64url(PAYLOAD)}`;
      const pem = pair.publicKey.export({ type: 'spki', format: 'pem' });
      const mac = createHmac('sha256', pem).update(input).digest('base64url');
      equal(await verify(`${input}.${mac}`), false);
    });

    it('refuses a changed header, payload or signature', async () => {
      const [first = '', second = '', third = ''] = compact.split('.');
      equal(await verify(`${base64url({ ...header, x: 1 })}.${second}.${third}`), false);
      equal(await verify(`${first}.${base64url({ ...PAYLOAD, sub: 'd2' })}.${third}`), false);
      const signature = Buffer.from(third, 'base64url');
      for (const at of [0, signature.length >> 1, signature.length - 1]) {
        const changed = Buffer.from(signature);
        changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
        equal(await verify(withSignature(compact, changed)), false);
      }
    });

    it('refuses a signature of another length', async () => {
      const signature = parsed(compact).signature;
      const size = { 'P-256': 64, 'P-384': 96, Ed25519: 64, RSA: 256 }[kind];
      equal(signature.length, size);
      for (const bad of [
        Buffer.alloc(1), signature.subarray(1), signature.subarray(0, -1), Buffer.concat([signature, Buffer.alloc(1)]),
        Buffer.concat([Buffer.alloc(1), signature]), Buffer.concat([signature, signature]), Buffer.alloc(size),
        Buffer.alloc(size, 0xff),
      ]) {
        equal(await verify(withSignature(compact, bad)), false);
      }
    });

    it('refuses crit and b64 even when they are signed', async () => {
      for (const extra of [
        { crit: ['b64'], b64: false }, { crit: ['b64'], b64: true }, { crit: [] }, { crit: ['exp'], exp: 1 },
        { crit: null }, { b64: false }, { b64: 0 }, { b64: null },
      ]) {
        equal(await verify(compactJws(alg, pair.privateKey, { ...header, ...extra }, PAYLOAD)), false);
      }
    });

    it('never uses a key from the header', async () => {
      const jwk = otherPair.publicKey.export({ format: 'jwk' });
      const forged = compactJws(alg, otherPair.privateKey, { ...header, jwk }, PAYLOAD);
      equal(await verify(forged), false);
      equal(await verifyCompactJws(parsed(forged), loaded(otherPair), alg), true, 'the signature itself is good');
    });
  });
}

describe('verifying, by algorithm', () => {
  it('takes no DER for ECDSA', async () => {
    for (const [alg, curve, hash] of [['ES256', 'P-256', 'sha256'], ['ES384', 'P-384', 'sha384']] as const) {
      const pair = ecPair(curve);
      const compact = compactJws(alg, pair.privateKey, { alg });
      const der = sign(hash, Buffer.from(compact.slice(0, compact.lastIndexOf('.'))), pair.privateKey);
      equal(await verifyCompactJws(parsed(withSignature(compact, der)), loaded(pair), alg), false);
      const { signature } = parsed(compact);
      const half = signature.length / 2;
      const coded = ecdsaDer(numberOf(signature.subarray(0, half)), numberOf(signature.subarray(half)));
      equal(await verifyCompactJws(parsed(withSignature(compact, coded)), loaded(pair), alg), false);
    }
  });

  it('takes SHA-384 alone for ES384', async () => {
    const pair = ecPair('P-384');
    const compact = compactJws('ES256', pair.privateKey, { alg: 'ES384' });
    equal(await verifyCompactJws(parsed(compact), loaded(pair), 'ES384'), false);
  });

  it('keeps PKCS#1 v1.5 and PSS apart, and takes a salt of 32 bytes alone', async () => {
    const pair = rsaPair(2048);
    equal(
      await verifyCompactJws(parsed(compactJws('PS256', pair.privateKey, { alg: 'RS256' })), loaded(pair), 'RS256'),
      false,
    );
    equal(
      await verifyCompactJws(parsed(compactJws('RS256', pair.privateKey, { alg: 'PS256' })), loaded(pair), 'PS256'),
      false,
    );
    const input = `${base64url({ alg: 'PS256' })}.${base64url('{}')}`;
    for (const saltLength of [0, 20, 31, 32, 33, constants.RSA_PSS_SALTLEN_MAX_SIGN]) {
      const signature = sign(
        'sha256', Buffer.from(input), { key: pair.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength },
      );
      equal(
        await verifyCompactJws(parsed(`${input}.${signature.toString('base64url')}`), loaded(pair), 'PS256'),
        saltLength === 32,
      );
    }
  });

  it('takes EdDSA and Ed25519 for one algorithm, but only under the name in the header', async () => {
    const pair = pairOf('Ed25519');
    for (const alg of ['EdDSA', 'Ed25519'] as const) {
      const jws = parsed(compactJws(alg, pair.privateKey, { alg }));
      equal(await verifyCompactJws(jws, loaded(pair), 'EdDSA'), alg === 'EdDSA');
      equal(await verifyCompactJws(jws, loaded(pair), 'Ed25519'), alg === 'Ed25519');
    }
  });

  it('takes RSA keys of 2048 to 4096 bits', async () => {
    for (const bits of [2048, 3072]) {
      const pair = rsaPair(bits);
      for (const alg of ['RS256', 'PS256'] as const) {
        equal(await verifyCompactJws(parsed(compactJws(alg, pair.privateKey, { alg })), loaded(pair), alg), true);
      }
    }
  });

  it('refuses an Ed25519 signature whose S is not reduced', async () => {
    const pair = pairOf('Ed25519');
    const input = `${base64url({ alg: 'EdDSA' })}.${base64url('{}')}`;
    const signature = signAs('EdDSA', pair.privateKey, Buffer.from(input));
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const s = numberOf(signature.subarray(32).toReversed()) + order;
    const raised = Buffer.concat([signature.subarray(0, 32), bytesOf(s.toString(16).padStart(64, '0')).toReversed()]);
    ok(parseCompactJws(`${input}.${signature.toString('base64url')}`));
    equal(await verifyCompactJws(parsed(`${input}.${raised.toString('base64url')}`), loaded(pair), 'EdDSA'), false);
  });
});
