import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { JWS_ALGORITHMS, algorithmFits, isJwsAlgorithm } from '../crypto/algorithms.ts';
import type { JwsAlgorithm, KeyKind } from '../crypto/algorithms.ts';
import { loadPublicKey } from '../crypto/public_key.ts';

/** A private key of the device and how it signs. */
export interface DeviceKey {
  readonly privateKey: KeyObject;
  readonly kind: KeyKind;
  /** The canonical SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer;
  /** SHA-256 of `spki` in lower-case hex, as the service shows it. */
  readonly thumbprint: string;
  /** The `alg` of the JWTs that it signs; for RSA also the scheme of its proofs. Fits `kind`. */
  readonly alg: JwsAlgorithm;
}

const EVERY_ALGORITHM = new Set(Object.keys(JWS_ALGORITHMS).filter(isJwsAlgorithm));
/** More than the 2048 that the service asks for: good beyond 2030 (NIST SP 800-57 part 1, table 2). */
const RSA_BITS = 3072;

/** The algorithms that a key of the kind may sign with, the usual one first (contracts/iothentix.md 5.1). */
export function algorithmsOf(kind: KeyKind): JwsAlgorithm[] {
  return [...EVERY_ALGORITHM].filter((alg) => algorithmFits(alg, kind));
}

/** Makes a key pair for the algorithm: P-256, P-384, Ed25519 or RSA with 3072 bits. */
export function makeDeviceKey(alg: JwsAlgorithm): DeviceKey {
  return describeKey(generate(JWS_ALGORITHMS[alg].kind), alg);
}

/**
 * Reads an unencrypted private key as PKCS#8 PEM (RFC 7468 section 10) of one of the four kinds. `preferred` says how
 * it signs if it fits the key; else it signs as is usual for its kind. Throws an Error that does not quote the text.
 */
export function readDeviceKey(pem: string, preferred?: JwsAlgorithm): DeviceKey {
  if (!pem.trimStart().startsWith('-----BEGIN PRIVATE KEY-----')) {
    throw new Error('holds no unencrypted private key as PKCS#8 PEM (openssl pkey writes that form)');
  }
  return describeKey(importKey(pem), preferred);
}

/** Writes the private key as PKCS#8 PEM with a final newline. */
export function toPrivatePem(key: DeviceKey): string {
  return key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function generate(kind: KeyKind): KeyObject {
  if (kind === 'RSA') return generateKeyPairSync('rsa', { modulusLength: RSA_BITS }).privateKey;
  if (kind === 'Ed25519') return generateKeyPairSync('ed25519').privateKey;
  return generateKeyPairSync('ec', { namedCurve: kind }).privateKey;
}

function importKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new Error('holds a private key that cannot be read');
  }
}

function describeKey(privateKey: KeyObject, preferred?: JwsAlgorithm): DeviceKey {
  const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const loaded = loadPublicKey(der, EVERY_ALGORITHM);
  if (loaded === undefined) throw new Error('holds a private key of no known kind: P-256, P-384, Ed25519, RSA of 2048 to 4096 bits');
  const { kind, spki, thumbprint } = loaded;
  const usual = algorithmsOf(kind)[0];
  const alg = preferred !== undefined && algorithmFits(preferred, kind) ? preferred : usual;
  if (alg === undefined) throw new Error(`no algorithm fits ${kind}`);
  return { privateKey, kind, spki, thumbprint, alg };
}
