import { sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isSignedBy, isTimely } from '../../crypto/identity_jwt.ts';
import type { CompactJws } from '../../crypto/jws.ts';
import { normalise } from '../addresses/address.ts';
import type { Address } from '../addresses/address.ts';

/** What an issuer vouches for: that a key holds an address or number. */
export interface IssuedClaims {
  readonly iss: string;
  readonly sub: string;
  readonly address: Address;
  /** Seconds since 1970. */
  readonly iat: number;
  readonly exp: number;
}

/** What a JWT says that was verified, and the key that has signed it. */
export interface VerifiedClaims extends IssuedClaims {
  /** 43 characters. */
  readonly signedBy: string;
}

/** A key that signs: its public half as 43 characters, and its private one. */
export interface SigningKey {
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

/** A countersigned JWT, to the byte as contracts/authentiq.md 6.5 has it. */
export function signIssued({ publicKey, privateKey }: SigningKey, { iss, sub, address, iat, exp }: IssuedClaims): string {
  const header = { typ: 'JWT', alg: 'Ed25519', kid: publicKey };
  const payload = { iss, sub, scope: address.kind, [address.kind]: address.value, iat, exp };
  const signed = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
}

/**
 * What a JWT of an issuer vouches for, if it passes contracts/authentiq.md 6.5 as far as that speaks of the JWT itself:
 * one of `keys`, which are those of its `iss`, has signed it, `exp` is there and it counts now. Undefined if it does not.
 */
export async function verifyIssued(jwt: CompactJws, keys: readonly string[], now: Date): Promise<VerifiedClaims | undefined> {
  const claims = readIssued(jwt);
  if (claims === undefined || !isTimely(claims, now)) return undefined;
  for (const key of keys) if (await isSignedBy(jwt, key)) return { ...claims, signedBy: key };
  return undefined;
}

/** The claims of a JWT that an issuer may have signed, unverified; undefined if it lacks one of them. */
function readIssued({ payload }: CompactJws): (IssuedClaims & { nbf: number | undefined }) | undefined {
  const { iss, sub, scope, exp, nbf, iat } = payload;
  if (typeof iss !== 'string' || typeof sub !== 'string' || !isNumber(exp)) return undefined;
  if ((nbf !== undefined && !isNumber(nbf)) || (iat !== undefined && !isNumber(iat))) return undefined;
  if (scope !== 'email' && scope !== 'phone') return undefined;
  const value = payload[scope];
  const address = typeof value === 'string' ? normalise(scope, value) : undefined;
  return address && { iss, sub, address, exp, nbf, iat: iat ?? 0 };
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
