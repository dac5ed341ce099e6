import { isSoundEd25519Point } from './ed25519_point.ts';
import { decodeBase64url } from './base64.ts';
import { isIdentityKey } from './identity_jwt.ts';
import { parsePublicKey } from './public_key.ts';

/** The last bytes of a SubjectPublicKeyInfo are the point (RFC 8410 section 4). */
const POINT_BYTES = 32;

/** Whether the key is a canonical point that is not of small order (contracts/authentiq.md section 5, step 11). */
export function isSoundIdentityKey(key: string): boolean {
  const bytes = isIdentityKey(key) ? decodeBase64url(key) : undefined;
  return bytes !== undefined && isSoundEd25519Point(bytes);
}

/** An Ed25519 key as people give it, PEM, JWK or 43 characters, in its one spelling; undefined for anything else. */
export function parseIdentityKey(text: string): string | undefined {
  const trimmed = text.trim();
  if (isIdentityKey(trimmed)) return isSoundIdentityKey(trimmed) ? trimmed : undefined;
  return parsePublicKey(text, new Set(['Ed25519', 'EdDSA']))?.spki.subarray(-POINT_BYTES).toString('base64url');
}
