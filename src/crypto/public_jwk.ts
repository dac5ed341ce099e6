import { createPublicKey } from 'node:crypto';
import type { KeyKind } from './algorithms.ts';
import type { PublicKey } from './public_key.ts';

/** The public members of a JSON Web Key (RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2). */
export interface PublicJwk {
  readonly kty?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
  /** Left out where a key has several algorithms. */
  readonly alg?: string;
}

const ALGORITHMS: Readonly<Partial<Record<KeyKind, string>>> = { 'P-256': 'ES256', 'P-384': 'ES384' };

/** A stored public key as a JSON Web Key. */
export function toJwk({ kind, spki }: PublicKey): PublicJwk {
  const { kty, crv, x, y, n, e } = createPublicKey({ key: spki, format: 'der', type: 'spki' }).export({ format: 'jwk' });
  const alg = ALGORITHMS[kind];
  return Object.fromEntries(Object.entries({ kty, crv, x, y, n, e, alg }).filter(([, value]) => value !== undefined));
}
