import { createPrivateKey } from 'node:crypto';
import type { IdentityKey } from '../../wire/identity/signer.ts';

/** A key of a run: its name and its private half, PKCS #8 in base64, so that it can be told to another process. */
export interface FuzzKey {
  readonly pk: string;
  readonly pkcs8: string;
  /** Revokes it; empty if it is not registered. */
  readonly secret: string;
}

/** What the requests of a run are made of. */
export interface IdentityMaterial {
  /** Registered, revoked and never registered ones. */
  readonly keys: readonly FuzzKey[];
  readonly jobs: readonly { readonly job: string; readonly code: string }[];
  /** Keys and jobs that are there, but whose private halves, secrets and codes no request of the run has: what is asked of them is refused. */
  readonly guarded: { readonly keys: readonly string[]; readonly jobs: readonly string[]; readonly emails: readonly string[]; readonly phones: readonly string[] };
  /** An issuer that is trusted, and its name. */
  readonly issuer: FuzzKey & { readonly name: string };
}

const opened = new Map<string, IdentityKey>();

/** A key, ready to sign. */
export function openKey({ pk, pkcs8 }: FuzzKey): IdentityKey {
  const known = opened.get(pk) ?? { pk, privateKey: createPrivateKey({ key: Buffer.from(pkcs8, 'base64'), type: 'pkcs8', format: 'der' }) };
  opened.set(pk, known);
  return known;
}
