import { type KeyObject, type SignKeyObjectInput, constants, generateKeyPairSync, sign } from 'node:crypto';
import type { JwsAlgorithm, KeyKind } from '../../src/crypto/algorithms.ts';
import { type CompactJws, parseCompactJws } from '../../src/crypto/jws.ts';
import { type LoadedPublicKey, loadPublicKey } from '../../src/crypto/public_key.ts';

/** Key pairs and signatures for the tests, made with node:crypto alone. */
export interface Pair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export const ALL: ReadonlySet<JwsAlgorithm> = new Set(['ES256', 'ES384', 'EdDSA', 'Ed25519', 'RS256', 'PS256']);
export const KINDS: readonly KeyKind[] = ['P-256', 'P-384', 'Ed25519', 'RSA'];

export function ecPair(namedCurve: string): Pair {
  return generateKeyPairSync('ec', { namedCurve });
}

export function edPair(): Pair {
  return generateKeyPairSync('ed25519');
}

const rsaPairs = new Map<number, Pair>();

/** RSA keys take long to make, so there is one of each size. */
export function rsaPair(bits: number): Pair {
  const pair = rsaPairs.get(bits) ?? generateKeyPairSync('rsa', { modulusLength: bits });
  rsaPairs.set(bits, pair);
  return pair;
}

export function pairOf(kind: KeyKind): Pair {
  if (kind === 'RSA') return rsaPair(2048);
  return kind === 'Ed25519' ? edPair() : ecPair(kind);
}

export function spkiOf(pair: Pair): Buffer {
  return pair.publicKey.export({ type: 'spki', format: 'der' });
}

export function loaded(pair: Pair): LoadedPublicKey {
  const key = loadPublicKey(spkiOf(pair), ALL);
  if (key === undefined) throw new Error('the test key does not load');
  return key;
}

export function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}

/** Signs as the JWS algorithms do (RFC 7518 section 3). */
export function signAs(alg: string, key: KeyObject, message: Buffer): Buffer {
  const input: SignKeyObjectInput = { key, dsaEncoding: 'ieee-p1363' };
  if (alg === 'PS256') Object.assign(input, { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
  if (alg === 'EdDSA' || alg === 'Ed25519') return sign(undefined, message, key);
  return sign(alg === 'ES384' ? 'sha384' : 'sha256', message, input);
}

export function base64url(value: object | string): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

/** A compact JWS; header and payload may be given as JSON text to test what no encoder writes. */
export function compactJws(
  alg: string, key: KeyObject, header: object | string, payload: object | string = {},
): string {
  const input = `${base64url(header)}.${base64url(payload)}`;
  return `${input}.${signAs(alg, key, Buffer.from(input)).toString('base64url')}`;
}

export function parsed(compact: string): CompactJws {
  const jws = parseCompactJws(compact);
  if (jws === undefined) throw new Error('the test JWS cannot be read');
  return jws;
}

/** DER with a minimal length. */
export function tlv(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const length = Buffer.from(content.length.toString(16).padStart(content.length > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 + length.length]), length, content]);
}

/** A positive INTEGER with minimal content. */
export function integer(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return tlv(0x02, Buffer.alloc(bytes.readUInt8(0) >= 0x80 ? 1 : 0), bytes);
}

export function ecdsaDer(r: bigint, s: bigint): Buffer {
  return tlv(0x30, integer(r), integer(s));
}

export function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}
