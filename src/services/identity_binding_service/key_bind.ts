import type { KeyBindRequest, KeyBindResponse } from '../../../gen/keyturn/v1/identity_binding_service.ts';
import type { Call } from '../../call/call.ts';
import { readAuthentiqId } from './claims.ts';
import { checkChange, makeChange } from './key_change.ts';
import type { IdentityParts } from './parts.ts';

/** KeyBind: contracts/authentiq.md 6.1 and 6.2. */
export async function bindKey(parts: IdentityParts, { pk, jwt }: KeyBindRequest, call: Call): Promise<KeyBindResponse> {
  const { hash, clock } = parts;
  const claims = readAuthentiqId(jwt);
  await checkChange(parts, pk, claims, clock.now());
  const given = [claims.email, claims.phone].filter((address) => address !== undefined);
  // A JWT with addresses alone is of the generation that knows nothing of the registration.
  const replaces = given.length === 0 || claims.pk !== undefined || claims.devtoken !== undefined;
  const addresses = given.map((address) => ({ kind: address.kind, mac: hash.ofAddress(address) }));
  await makeChange(parts, claims, { action: 'identity.bound', replaces, addresses }, call);
  return { status: 'confirmed' };
}
