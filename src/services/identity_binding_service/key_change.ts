import type { Call } from '../../call/call.ts';
import { placeOf } from '../../crypto/key_ring.ts';
import type { IdentityChange, NewIdentity } from '../../db/identity.ts';
import { originOf } from '../origin.ts';
import type { AuthentiqId } from './claims.ts';
import { findRegisteredKey } from './key_checks.ts';
import type { IdentityParts } from './parts.ts';
import { duplicateHash } from './refusals.ts';
import { checkReplay, checkSelfSigned } from './self_signed.ts';

/** What an AuthentiqID says of its key, ready to be stored. */
export function registrationOf({ keyRing }: Pick<IdentityParts, 'keyRing'>, { sub, pk, devtoken, iat }: AuthentiqId): Omit<NewIdentity, 'secretSha256'> {
  return { pk: sub, claimedPk: pk, devtoken: devtoken === undefined ? undefined : keyRing.seal(placeOf.identity(sub), devtoken), iat };
}

/**
 * Throws what steps 2 to 4 of contracts/authentiq.md 6.1 find, in their order: AUTHENTIQ_UNKNOWN_KEY,
 * AUTHENTIQ_REVOKED_KEY, AUTHENTIQ_AUTH_ERROR.
 */
export async function checkChange({ identities, settings }: IdentityParts, pk: string, claims: AuthentiqId, now: Date): Promise<void> {
  const { lastIat } = await findRegisteredKey(identities, pk);
  await checkSelfSigned(claims, pk, { now, refused: ['aud', 'scope'] });
  checkReplay(claims, lastIat ?? undefined, settings.iatGuard);
}

/** Steps 5 and 6. Throws AUTHENTIQ_DUPLICATE_HASH, or what has become true of the key since it was looked at. */
export async function makeChange(parts: IdentityParts, claims: AuthentiqId, change: Pick<IdentityChange, 'action' | 'replaces' | 'addresses'>, call: Call): Promise<void> {
  const { identities, settings, clock } = parts;
  const guarded = settings.iatGuard !== 'off';
  const result = await identities.change({ ...registrationOf(parts, claims), ...change, guarded }, originOf(call, clock, 'identity'));
  if (result === 'duplicate') throw duplicateHash();
  if (result === 'changed') return;
  const { lastIat } = await findRegisteredKey(identities, claims.sub);
  checkReplay(claims, lastIat ?? undefined, settings.iatGuard);
  throw new Error('a key was not changed, and nothing stands against it');
}
