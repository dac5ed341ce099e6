import { timingSafeEqual } from 'node:crypto';
import type { KeyRevokeRequest, KeyRevokeResponse } from '../../../gen/keyturn/v1/identity_binding_service.ts';
import type { Call } from '../../call/call.ts';
import { tokenDigest } from '../../crypto/token.ts';
import { originOf } from '../origin.ts';
import { findKey } from './key_checks.ts';
import type { IdentityParts } from './parts.ts';
import { authError } from './refusals.ts';

/** KeyRevoke: contracts/authentiq.md 7.1. Of a key that is revoked already the right secret changes nothing. */
export async function revokeKey({ identities, clock }: IdentityParts, { pk, secret }: KeyRevokeRequest, call: Call): Promise<KeyRevokeResponse> {
  const { state, secretSha256 } = await findKey(identities, pk);
  if (!timingSafeEqual(tokenDigest(secret), secretSha256)) throw authError('the secret is not that of the key');
  if (state === 'REGISTERED') await identities.revoke(pk, 'secret', originOf(call, clock, 'identity'));
  return { status: 'done' };
}
