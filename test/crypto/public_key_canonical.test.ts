import { equal, ok } from 'node:assert/strict';
import { ECDH, type KeyObject, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { loadPublicKey } from '../../src/crypto/public_key.ts';
import { ALL, bytesOf, ecPair, integer, numberOf, rsaPair, spkiOf, tlv } from './keys.ts';

const EC = bytesOf('06072a8648ce3d0201');
const CURVE_OIDS = { 'P-256': bytesOf('06082a8648ce3d030107'), 'P-384': bytesOf('06052b81040022') } as const;
const RSA = bytesOf('06092a864886f70d010101');
const NULL = bytesOf('0500');

function spki(identifier: Buffer[], key: Buffer): Buffer {
  return tlv(0x30, tlv(0x30, ...identifier), tlv(0x03, Buffer.alloc(1), key));
}

function rsaKey(n: bigint, e: bigint): Buffer {
  return tlv(0x30, integer(n), integer(e));
}

function refuses(der: Buffer, known = true): void {
  // Shows that the refusal is ours: OpenSSL takes the key.
  if (known) ok(createPublicKey({ key: der, format: 'der', type: 'spki' }));
  equal(loadPublicKey(der, ALL), undefined);
}

function exported(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

describe('EC keys (contracts/iothentix.md 5.2)', () => {
  for (const [curve, oid] of Object.entries(CURVE_OIDS)) {
    const size = curve === 'P-256' ? 32 : 48;
    const wireName = curve === 'P-256' ? 'prime256v1' : 'secp384r1';
    const der = spkiOf(ecPair(curve));
    const point = der.subarray(-1 - 2 * size);

    it(`${curve}: is built here as node:crypto builds it`, () => {
      ok(spki([EC, oid], point).equals(der));
      ok(loadPublicKey(spki([EC, oid], point), ALL));
    });

    it(`${curve}: refuses compressed and hybrid points`, () => {
      for (const form of ['compressed', 'hybrid'] as const) {
        const other = ECDH.convertKey(point, wireName, undefined, undefined, form);
        ok(typeof other !== 'string');
        refuses(spki([EC, oid], other));
      }
      refuses(spki([EC, oid], Buffer.concat([bytesOf('06'), point.subarray(1)])), false);
      refuses(spki([EC, oid], Buffer.concat([bytesOf('07'), point.subarray(1)])), false);
    });

    it(`${curve}: refuses points off the curve, the point at infinity and coordinates of p or more`, () => {
      const off = Buffer.from(point);
      off.writeUInt8(off.readUInt8(2 * size) ^ 1, 2 * size);
      refuses(spki([EC, oid], off), false);
      refuses(spki([EC, oid], bytesOf('00')), false);
      refuses(spki([EC, oid], Buffer.concat([bytesOf('04'), Buffer.alloc(2 * size)])), false);
      refuses(spki([EC, oid], Buffer.concat([bytesOf('04'), Buffer.alloc(2 * size, 0xff)])), false);
    });

    it(`${curve}: refuses BER, trailing bytes, unused bits, explicit and other parameters`, () => {
      const bits = tlv(0x03, Buffer.alloc(1), point);
      const identifier = tlv(0x30, EC, oid);
      const content = Buffer.concat([identifier, bits]);
      refuses(Buffer.concat([bytesOf('30 81'), Buffer.from([content.length]), content]), false);
      refuses(Buffer.concat([bytesOf('30 80'), content, bytesOf('0000')]), false);
      refuses(Buffer.concat([der, bytesOf('0500')]), false);
      refuses(tlv(0x30, identifier, bits, NULL), false);
      refuses(tlv(0x30, identifier, tlv(0x03, bytesOf('01'), point)), false);
      refuses(spki([EC, oid, NULL], point), false);
      refuses(spki([EC, NULL], point), false);
      refuses(spki([EC], point), false);
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: wireName, paramEncoding: 'explicit' });
      ok(exported(publicKey).length > der.length);
      refuses(exported(publicKey));
    });
  }

  it('refuses a point under the name of the other curve', () => {
    refuses(spki([EC, CURVE_OIDS['P-384']], spkiOf(ecPair('P-256')).subarray(-65)), false);
    refuses(spki([EC, CURVE_OIDS['P-256']], spkiOf(ecPair('P-384')).subarray(-97)), false);
  });

  it('refuses other curves and other kinds of keys', () => {
    for (const curve of ['P-521', 'secp256k1', 'brainpoolP256r1']) refuses(spkiOf(ecPair(curve)));
    for (const { publicKey } of [
      generateKeyPairSync('ed448'), generateKeyPairSync('x25519'),
      generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }),
    ]) {
      refuses(exported(publicKey));
    }
  });
});

describe('RSA keys (contracts/iothentix.md 5.2)', () => {
  const modulus = numberOf(Buffer.from(rsaPair(2048).publicKey.export({ format: 'jwk' }).n ?? '', 'base64url'));

  it('accepts 2048 to 4096 bits', () => {
    ok(spki([RSA, NULL], rsaKey(modulus, 65537n)).equals(spkiOf(rsaPair(2048))));
    ok(loadPublicKey(spkiOf(rsaPair(3072)), ALL));
    for (const bits of [2048n, 2049n, 2055n, 2056n, 3072n, 4095n, 4096n]) {
      ok(loadPublicKey(spki([RSA, NULL], rsaKey(2n ** (bits - 1n) + 1n, 65537n)), ALL), `${bits} bits`);
    }
  });

  it('refuses other sizes', () => {
    refuses(spkiOf(rsaPair(1024)));
    for (const bits of [512n, 2040n, 2047n, 4097n, 4104n, 8192n]) {
      refuses(spki([RSA, NULL], rsaKey(2n ** (bits - 1n) + 1n, 65537n)), bits !== 8192n);
    }
  });

  it('refuses other exponents and even moduli', () => {
    for (const e of [0n, 1n, 3n, 17n, 65536n, 65539n, 2n ** 32n + 1n]) {
      refuses(spki([RSA, NULL], rsaKey(modulus, e)), false);
    }
    refuses(spki([RSA, NULL], rsaKey(modulus - 1n, 65537n)));
    refuses(spkiOf(generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 })));
  });

  it('refuses id-RSASSA-PSS, with and without parameters', () => {
    refuses(exported(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey));
    refuses(exported(generateKeyPairSync(
      'rsa-pss', { modulusLength: 2048, hashAlgorithm: 'sha256', mgf1HashAlgorithm: 'sha256' },
    ).publicKey));
  });

  it('refuses parameters other than NULL, padded and negative numbers, and bytes left over', () => {
    const n = integer(modulus);
    const e = integer(65537n);
    refuses(spki([RSA], rsaKey(modulus, 65537n)));
    refuses(spki([RSA, bytesOf('0400')], rsaKey(modulus, 65537n)), false);
    const minimal = n.subarray(4);
    refuses(spki([RSA, NULL], tlv(0x30, tlv(0x02, Buffer.alloc(1), minimal), e)), false);
    refuses(spki([RSA, NULL], tlv(0x30, tlv(0x02, minimal.subarray(1)), e)), false);
    refuses(spki([RSA, NULL], tlv(0x30, n, bytesOf('020400010001'))), false);
    refuses(spki([RSA, NULL], tlv(0x30, n, e, bytesOf('0500'))), false);
    refuses(spki([RSA, NULL], Buffer.concat([rsaKey(modulus, 65537n), bytesOf('00')])), false);
    refuses(tlv(0x30, tlv(0x30, RSA, NULL), tlv(0x03, bytesOf('00'), rsaKey(modulus, 65537n)), NULL), false);
    refuses(Buffer.concat([spkiOf(rsaPair(2048)), bytesOf('00')]), false);
    refuses(Buffer.concat([bytesOf('30 83 00'), spkiOf(rsaPair(2048)).subarray(2)]), false);
  });

  it('does not look at more than 1024 bytes', () => {
    refuses(Buffer.concat([spkiOf(rsaPair(2048)), Buffer.alloc(1024)]), false);
  });
});
