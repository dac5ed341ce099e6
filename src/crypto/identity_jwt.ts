import { decodeBase64url } from './base64.ts';
import { readCompactJws, verifyCompactJws } from './jws.ts';
import type { CompactJws } from './jws.ts';
import { readPublicKey } from './public_key.ts';
import { ed25519Spki } from './spki.ts';

/** Characters of a JWT, contracts/authentiq.md section 4. */
const MOST_LENGTH = 16_384;
/** How far ahead `iat` may be, seconds. */
const AHEAD = 300;
const KEY_BYTES = 32;
const WHITE_SPACE: ReadonlySet<string> = new Set(' \t\r\n');

/** Whether a text is the one spelling of a key: base64url without padding of 32 bytes (contracts/authentiq.md section 4). */
export function isIdentityKey(text: string): boolean {
  return text.length === 43 && decodeBase64url(text)?.length === KEY_BYTES;
}

/**
 * Reads a compact JWT (contracts/authentiq.md section 5, step 2): white space around it is ignored, the three parts are
 * strict base64url, header and payload are JSON objects. An empty signature can be read, too; it verifies never.
 * Undefined for anything else. What the members say is not judged here.
 */
export function readIdentityJwt(text: string): CompactJws | undefined {
  let [start, end] = [0, text.length];
  // A pattern for the end would try each run of white space within, over and over.
  while (start < end && WHITE_SPACE.has(text.charAt(start))) start += 1;
  while (end > start && WHITE_SPACE.has(text.charAt(end - 1))) end -= 1;
  return readCompactJws(text.slice(start, end), MOST_LENGTH);
}

/**
 * Whether a JWT is signed by an Ed25519 key (contracts/authentiq.md section 5, steps 4, 5 and 7): `alg` is Ed25519 or
 * EdDSA, there is no `crit`, `kid` is the key if it is there, and the signature verifies. False for a text that is no key.
 */
export async function isSignedBy(jwt: CompactJws, key: string): Promise<boolean> {
  const { alg, kid } = jwt.header;
  if (alg !== 'Ed25519' && alg !== 'EdDSA') return false;
  if (Object.hasOwn(jwt.header, 'kid') && kid !== key) return false;
  const bytes = isIdentityKey(key) ? decodeBase64url(key) : undefined;
  const publicKey = bytes && readPublicKey(ed25519Spki(bytes));
  return publicKey !== undefined && verifyCompactJws(jwt, publicKey, alg);
}

/** The claims about time, seconds since 1970. */
export interface TimeClaims {
  readonly exp?: number | undefined;
  readonly nbf?: number | undefined;
  readonly iat?: number | undefined;
}

/** Whether a JWT counts now (contracts/authentiq.md section 5, step 8): each claim is looked at only if it is there. */
export function isTimely({ exp, nbf, iat }: TimeClaims, now: Date): boolean {
  const seconds = now.getTime() / 1000;
  return (exp === undefined || exp > seconds) && (nbf === undefined || nbf <= seconds) && (iat === undefined || iat <= seconds + AHEAD);
}
