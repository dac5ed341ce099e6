import { hash, webcrypto } from 'node:crypto';
import { compactVerify } from 'jose';
import { type JwsAlgorithm, algorithmFits } from './algorithms.ts';
import { decodeBase64url } from './base64.ts';
import { parseJsonObject } from './json_object.ts';
import { modulusBytes } from './public_key.ts';
import type { PublicKey } from './public_key.ts';

export { algorithmFits } from './algorithms.ts';

const { subtle } = webcrypto;

/** A compact JWS that can be read. Nothing in it is verified. */
export interface CompactJws {
  /** The complete string, signature part included, without a scheme word. */
  readonly compact: string;
  /** SHA-256 of `compact`, 32 bytes. */
  readonly sha256: Buffer;
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly signature: Buffer;
}

const MAX_LENGTH = 8192;

type ImportParameters = webcrypto.EcKeyImportParams | webcrypto.RsaHashedImportParams | webcrypto.Algorithm;

/** What Web Cryptography calls the keys of the algorithms. */
const IMPORT_PARAMETERS: Readonly<Record<JwsAlgorithm, ImportParameters>> = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  ES384: { name: 'ECDSA', namedCurve: 'P-384' },
  EdDSA: { name: 'Ed25519' },
  Ed25519: { name: 'Ed25519' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
};

/** No `u` flag: with it, `i` would also match letters that are not ASCII. */
const BEARER = /^(?:bearer )?([A-Za-z0-9._-]+)$/i;

/**
 * Takes the token out of an Authorization value: the bare token, or the scheme word Bearer in any letter case,
 * exactly one space and the token (contracts/iothentix.md 5). Tokens are base64url parts with dots; undefined for
 * anything else.
 */
export function readBearer(value: string): string | undefined {
  return BEARER.exec(value)?.[1];
}

/**
 * Reads a compact JWS (RFC 7515 section 3.1, contracts/iothentix.md 5): at most 8192 characters, three non-empty parts of
 * strict base64url, header and payload each one strict JSON object (RFC 7515 section 5.2). Undefined for anything else.
 * What the members say is not judged here.
 */
export function parseCompactJws(text: string): CompactJws | undefined {
  const jws = readCompactJws(text, MAX_LENGTH);
  return jws === undefined || jws.signature.length === 0 ? undefined : jws;
}

/** As `parseCompactJws`, of at most `mostLength` characters; the signature may be empty, with which nothing is ever verified. */
export function readCompactJws(text: string, mostLength: number): CompactJws | undefined {
  if (text.length > mostLength) return undefined;
  const parts = text.split('.', 4).map(decodeBase64url);
  const [headerBytes, payloadBytes, signature] = parts;
  if (parts.length !== 3 || !headerBytes || !payloadBytes || !signature) return undefined;
  const header = parseJsonObject(headerBytes);
  const payload = header && parseJsonObject(payloadBytes);
  return header && payload && { compact: text, sha256: hash('sha256', text, 'buffer'), header, payload, signature };
}

/**
 * Verifies a JWS with one key and one algorithm (RFC 7515 section 5.2, RFC 7518 section 3, RFC 8037 section 3.1;
 * contracts/iothentix.md 5.1). The caller names the algorithm; the header must name the same one. False, and never an
 * error, for everything that is not a good signature: also for `crit` (no extension is understood) and for `b64` other
 * than true (RFC 7797), and for a key that cannot be imported, such as a point off its curve. The signature is checked
 * off the event loop. The key is imported anew each time: a cache would tell known keys from decoys, and what jose
 * itself makes of a KeyObject takes longer.
 */
export async function verifyCompactJws(jws: CompactJws, key: PublicKey, alg: JwsAlgorithm): Promise<boolean> {
  if (!algorithmFits(alg, key.kind) || hasExtensions(jws.header) || !hasLength(jws.signature, key)) return false;
  try {
    const imported = await subtle.importKey('spki', key.spki, IMPORT_PARAMETERS[alg], false, ['verify']);
    await compactVerify(jws.compact, imported, { algorithms: [alg] });
    return true;
  } catch {
    return false;
  }
}

/** RFC 8017 sections 8.1.2 and 8.2.2, step 1: OpenSSL also takes an RSA signature without its leading zeros. */
function hasLength(signature: Buffer, key: PublicKey): boolean {
  return key.kind !== 'RSA' || signature.length === modulusBytes(key);
}

/** Checked here because jose understands b64 and would verify something else than the bytes that were parsed. */
function hasExtensions(header: CompactJws['header']): boolean {
  return Object.hasOwn(header, 'crit') || (Object.hasOwn(header, 'b64') && header['b64'] !== true);
}
