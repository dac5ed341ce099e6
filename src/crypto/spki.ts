import type { KeyKind } from './algorithms.ts';
import { isSoundEd25519Point } from './ed25519_point.ts';

/** AlgorithmIdentifier, bit string header and the 04 of an uncompressed point (RFC 5480 sections 2.1.1 and 2.2). */
const P256_PREFIX = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');
const P384_PREFIX = Buffer.from('3076301006072a8648ce3d020106052b8104002203620004', 'hex');
/** RFC 8410 section 4. */
const ED25519_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
/** rsaEncryption with NULL parameters (RFC 3279 section 2.3.1). */
const RSA_IDENTIFIER = Buffer.from('300d06092a864886f70d0101010500', 'hex');
/** The INTEGER 65537. */
const RSA_EXPONENT = Buffer.from('0203010001', 'hex');

const MIN_MODULUS_BYTES = 256;
const MAX_MODULUS_BYTES = 512;
/** Outer header 4, identifier 15, bit string header 5, sequence header 4, integer header 4. */
const RSA_HEADER_BYTES = 32;

/**
 * The kind of key that a SubjectPublicKeyInfo holds, if it is byte for byte the canonical encoding of a key that
 * contracts/iothentix.md 5.2 points 3, 4 and 6 allow; undefined for everything else. Whether an EC point is on its
 * curve is left to whoever loads the key.
 */
export function canonicalKind(der: Buffer): KeyKind | undefined {
  const kind = kindByPrefix(der);
  if (kind === 'Ed25519') return isSoundEd25519Point(der.subarray(ED25519_PREFIX.length)) ? kind : undefined;
  if (kind === 'RSA') return isCanonicalRsa(der) ? kind : undefined;
  return kind;
}

/** The kind of key that a canonical SubjectPublicKeyInfo holds, in the same time for each; undefined for other bytes. */
export function kindByPrefix(der: Buffer): KeyKind | undefined {
  if (isPrefixed(der, P256_PREFIX, 64)) return 'P-256';
  if (isPrefixed(der, P384_PREFIX, 96)) return 'P-384';
  if (isPrefixed(der, ED25519_PREFIX, 32)) return 'Ed25519';
  return der.subarray(4, 4 + RSA_IDENTIFIER.length).equals(RSA_IDENTIFIER) ? 'RSA' : undefined;
}

/** The encoding of an EC key. x and y are as long as the field of the curve: 32 or 48 bytes. */
export function ecSpki(kind: 'P-256' | 'P-384', x: Buffer, y: Buffer): Buffer {
  return Buffer.concat([kind === 'P-256' ? P256_PREFIX : P384_PREFIX, x, y]);
}

/** The encoding of an Ed25519 key of 32 bytes. */
export function ed25519Spki(point: Buffer): Buffer {
  return Buffer.concat([ED25519_PREFIX, point]);
}

/**
 * The encoding of an RSA key with exponent 65537. The modulus is big-endian, without leading zeros, 2048 bits or
 * more.
 */
export function rsaSpki(modulus: Buffer): Buffer {
  const sign = Buffer.alloc(modulus.readUInt8(0) >= 0x80 ? 1 : 0);
  const key = wrap(0x30, wrap(0x02, sign, modulus), RSA_EXPONENT);
  return wrap(0x30, RSA_IDENTIFIER, wrap(0x03, Buffer.alloc(1), key));
}

/** The modulus of a canonical RSA key, big-endian, without leading zeros; some bytes or none of anything else. */
export function rsaModulus(der: Buffer): Buffer {
  const modulus = der.subarray(RSA_HEADER_BYTES, Math.max(RSA_HEADER_BYTES, der.length - RSA_EXPONENT.length));
  return modulus[0] === 0 ? modulus.subarray(1) : modulus;
}

function isPrefixed(der: Buffer, prefix: Buffer, rest: number): boolean {
  return der.length === prefix.length + rest && der.subarray(0, prefix.length).equals(prefix);
}

/** Takes the modulus from where it must be, encodes the key anew and compares: so no DER reader is needed. */
function isCanonicalRsa(der: Buffer): boolean {
  const modulus = rsaModulus(der);
  return isSoundModulus(modulus) && rsaSpki(modulus).equals(der);
}

/** 2048 to 4096 bits; even numbers are no product of two large primes. */
function isSoundModulus(modulus: Buffer): boolean {
  if (modulus.length < MIN_MODULUS_BYTES || modulus.length > MAX_MODULUS_BYTES) return false;
  const bits = (modulus.length - 1) * 8 + (32 - Math.clz32(modulus.readUInt8(0)));
  return bits >= 2048 && modulus.readUInt8(modulus.length - 1) % 2 === 1;
}

/** Every value that is wrapped is 256 bytes or longer, so the length always takes the form 82 xx xx. */
function wrap(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const header = Buffer.from([tag, 0x82, content.length >> 8, content.length & 0xff]);
  return Buffer.concat([header, content]);
}
