import { isIdentityKey } from '../../crypto/identity_jwt.ts';
import type { IdentityStore, StoredIdentity } from '../../db/identity.ts';
import { revokedKey, unknownKey } from './refusals.ts';

/** A key that is or was registered. Throws AUTHENTIQ_UNKNOWN_KEY, also for a text that is no key. */
export async function findKey(identities: IdentityStore, pk: string): Promise<StoredIdentity> {
  const identity = isIdentityKey(pk) ? await identities.read(pk) : undefined;
  if (identity === undefined) throw unknownKey();
  return identity;
}

/** A key that is registered. Throws AUTHENTIQ_UNKNOWN_KEY, AUTHENTIQ_REVOKED_KEY. */
export async function findRegisteredKey(identities: IdentityStore, pk: string): Promise<StoredIdentity> {
  const identity = await findKey(identities, pk);
  if (identity.state !== 'REGISTERED') throw revokedKey();
  return identity;
}
