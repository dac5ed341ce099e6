import { deepEqual, equal, ok } from 'node:assert/strict';
import { type KeyObject, constants, sign } from 'node:crypto';
import * as fc from 'fast-check';
import type { JwsAlgorithm } from '../../src/crypto/algorithms.ts';
import { parseEcdsaDer } from '../../src/crypto/ecdsa_der.ts';
import type { CompactJws } from '../../src/crypto/jws.ts';
import { parseProof, verifyProof } from '../../src/crypto/proof_of_possession.ts';
import { decoyKey, importPublicKey } from '../../src/crypto/public_key.ts';
import { ALL, KINDS, bytesOf, compactJws, ecPair, ecdsaDer, loaded, pairOf, parsed, rsaPair } from './keys.ts';

type Scheme = 'ECDSA' | 'Ed25519' | 'PKCS1' | 'PSS';

const oldPair = ecPair('P-256');
const jwt = parsed(compactJws('ES256', oldPair.privateKey, { alg: 'ES256' }, { sub: 'd1' }));
const otherJwt = parsed(compactJws('ES256', oldPair.privateKey, { alg: 'ES256' }, { sub: 'd2' }));
const plain = { hexText: false, algorithms: ALL };
const withHex = { hexText: true, algorithms: ALL };

const FORMS: Readonly<Record<'A' | 'B' | 'C', (of: CompactJws) => Buffer>> = {
  A: (of) => Buffer.from(of.compact),
  B: (of) => of.sha256,
  C: (of) => Buffer.from(of.sha256.toString('hex')),
};

function prove(scheme: Scheme, key: KeyObject, message: Buffer, hash = 'sha256'): Buffer {
  if (scheme === 'Ed25519') return sign(undefined, message, key);
  if (scheme === 'PSS') return sign(hash, message, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
  return sign(hash, message, key);
}

describe('the text of a proof of possession (contracts/iothentix.md 6)', () => {
  for (const kind of KINDS) {
    it(`is read for ${kind} in all spellings of base64`, () => {
      const pair = pairOf(kind);
      const proof = prove(kind === 'Ed25519' ? kind : 'ECDSA', pair.privateKey, FORMS.A(jwt));
      const key = loaded(pair);
      for (const text of [proof.toString('base64'), proof.toString('base64url')]) {
        deepEqual(parseProof(text, key), proof);
        deepEqual(parseProof(text.replaceAll('=', ''), key), proof);
        equal(parseProof(`${text}\n`, key), undefined);
        equal(parseProof(`${text.slice(0, 4)}\r\n${text.slice(4)}`, key), undefined);
        equal(parseProof(`${text.slice(0, 4)} ${text.slice(4)}`, key), undefined);
      }
    });

    it(`is not read for ${kind} if it is empty, too long, or no base64`, () => {
      for (const text of [
        '', '*', 'A', '=', 'A'.repeat(2049), 'A'.repeat(4096), '+_+_', proofText(kind).replace(/.$/, '!'),
      ]) {
        equal(parseProof(text, decoyKey(kind)), undefined);
      }
    });

    it(`never throws for ${kind}`, () => {
      const key = decoyKey(kind);
      fc.assert(fc.property(fc.oneof(
        fc.string({ unit: 'binary' }), fc.base64String(),
      ), (text) => void parseProof(text, key)));
    });
  }

  it('for EC keys is strict DER with r and s in range', () => {
    const pair = ecPair('P-256');
    const key = loaded(pair);
    const der = prove('ECDSA', pair.privateKey, FORMS.A(jwt));
    const parts = parseEcdsaDer(der, 'P-256');
    ok(parts);
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    for (const bad of [
      Buffer.concat([parts.r, parts.s]), Buffer.concat([der, Buffer.alloc(1)]),
      Buffer.concat([bytesOf('3081'), der.subarray(1)]), ecdsaDer(0n, 1n), ecdsaDer(1n, 0n), ecdsaDer(order, 1n),
      ecdsaDer(1n, order),
    ]) {
      equal(parseProof(bad.toString('base64'), key), undefined);
    }
    ok(parseProof(ecdsaDer(1n, order - 1n).toString('base64'), key), 'a high s is fine');
  });

  it('for Ed25519 is exactly 64 bytes, for RSA exactly as long as the modulus', () => {
    for (const [key, size] of [
      [loaded(pairOf('Ed25519')), 64], [loaded(rsaPair(2048)), 256], [loaded(rsaPair(3072)), 384],
    ] as const) {
      for (const length of [1, 63, 64, 65, 255, 256, 257, 384, 512]) {
        equal(parseProof(Buffer.alloc(length, 7).toString('base64'), key) !== undefined, length === size);
      }
    }
    ok(parseProof('A'.repeat(683), loaded(rsaPair(4096))), 'the longest proof fits');
  });
});

function proofText(kind: (typeof KINDS)[number]): string {
  return prove(kind === 'Ed25519' ? kind : 'ECDSA', pairOf(kind).privateKey, FORMS.A(jwt)).toString('base64');
}

for (const [scheme, kind, alg] of [
  ['ECDSA', 'P-256', 'ES256'], ['ECDSA', 'P-384', 'ES384'], ['Ed25519', 'Ed25519', 'EdDSA'],
  ['PKCS1', 'RSA', 'RS256'], ['PSS', 'RSA', 'PS256'],
] as const) {
  describe(`a proof by ${scheme} with ${kind} (contracts/iothentix.md 6)`, () => {
    const pair = pairOf(kind);
    const key = loaded(pair);
    const only = { hexText: true, algorithms: new Set<JwsAlgorithm>([alg]) };

    for (const [form, message] of Object.entries(FORMS)) {
      it(`counts in form ${form}${form === 'C' ? ' only with the setting' : ''}`, async () => {
        const proof = prove(scheme, pair.privateKey, message(jwt));
        deepEqual(parseProof(proof.toString('base64'), key), proof);
        equal(await verifyProof(proof, jwt, key, plain), form !== 'C');
        equal(await verifyProof(proof, jwt, key, withHex), true);
        equal(await verifyProof(proof, jwt, key, only), true);
      });

      it(`does not count in form ${form} over another JWT or by another key`, async () => {
        const decoy = importPublicKey(decoyKey(kind));
        ok(decoy !== undefined);
        equal(await verifyProof(prove(scheme, pair.privateKey, message(otherJwt)), jwt, key, withHex), false);
        equal(await verifyProof(prove(scheme, pair.privateKey, message(jwt)), jwt, decoy, withHex), false);
        equal(await verifyProof(prove(scheme, pair.privateKey, message(jwt)), jwt, loaded(oldPair), withHex), false);
      });
    }

    it('does not count over anything else', async () => {
      const hex = jwt.sha256.toString('hex');
      const unsigned = jwt.compact.slice(0, jwt.compact.lastIndexOf('.'));
      for (const text of [
        `Bearer ${jwt.compact}`, `${jwt.compact}\n`, unsigned, hex.toUpperCase(), jwt.sha256.toString('base64'), '',
        'd1',
      ]) {
        equal(await verifyProof(prove(scheme, pair.privateKey, Buffer.from(text)), jwt, key, withHex), false);
      }
    });

    it('does not count when a bit is wrong', async () => {
      const proof = prove(scheme, pair.privateKey, FORMS.A(jwt));
      proof.writeUInt8(proof.readUInt8(proof.length - 1) ^ 1, proof.length - 1);
      equal(await verifyProof(proof, jwt, key, withHex), false);
      equal(await verifyProof(Buffer.alloc(proof.length), jwt, key, withHex), false);
      equal(await verifyProof(Buffer.alloc(0), jwt, key, withHex), false);
    });
  });
}

describe('the hash and the scheme of a proof', () => {
  it('is SHA-256 for P-384 too', async () => {
    const pair = ecPair('P-384');
    equal(
      await verifyProof(prove('ECDSA', pair.privateKey, FORMS.A(jwt), 'sha384'), jwt, loaded(pair), withHex), false,
    );
  });

  it('is SHA-256 for RSA', async () => {
    const pair = rsaPair(2048);
    for (const scheme of ['PKCS1', 'PSS'] as const) {
      equal(
        await verifyProof(prove(scheme, pair.privateKey, FORMS.A(jwt), 'sha512'), jwt, loaded(pair), withHex), false,
      );
    }
  });

  it('is the enabled RSA scheme, with a salt of 32 bytes', async () => {
    const pair = rsaPair(2048);
    const key = loaded(pair);
    for (const [scheme, alg] of [['PKCS1', 'RS256'], ['PSS', 'PS256']] as const) {
      const proof = prove(scheme, pair.privateKey, FORMS.B(jwt));
      for (const enabled of ALL) {
        equal(await verifyProof(proof, jwt, key, { hexText: false, algorithms: new Set([enabled]) }), enabled === alg);
      }
    }
    const short = sign(
      'sha256', FORMS.A(jwt), { key: pair.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 20 },
    );
    equal(await verifyProof(short, jwt, key, plain), false);
  });
});
