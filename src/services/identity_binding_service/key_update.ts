import type { KeyUpdateRequest, KeyUpdateResponse } from '../../../gen/keyturn/v1/identity_binding_service.ts';
import type { Call } from '../../call/call.ts';
import type { CompactJws } from '../../crypto/jws.ts';
import type { BoundAddress } from '../../db/identity.ts';
import { verifyIssued } from '../issuers/issued_jwt.ts';
import { readAuthentiqId } from './claims.ts';
import { checkChange, makeChange } from './key_change.ts';
import type { IdentityParts } from './parts.ts';
import { authError } from './refusals.ts';

/** KeyUpdate: contracts/authentiq.md 7.1. Of two JWTs in `scopes` for one kind of address the later one stands. */
export async function updateKey(parts: IdentityParts, { pk, jwt }: KeyUpdateRequest, call: Call): Promise<KeyUpdateResponse> {
  const now = parts.clock.now();
  const claims = readAuthentiqId(jwt, { takesScopes: true });
  await checkChange(parts, pk, claims, now);
  const addresses = new Map<string, BoundAddress>();
  for (const address of await vouchedFor(parts, pk, claims.scopes, now)) addresses.set(address.kind, address);
  await makeChange(parts, claims, { action: 'identity.updated', replaces: false, addresses: [...addresses.values()] }, call);
  return { status: 'confirmed' };
}

/** The addresses that trusted issuers say the key holds (6.5). Throws AUTHENTIQ_AUTH_ERROR unless all of them do. */
async function vouchedFor({ trust, hash }: IdentityParts, pk: string, scopes: readonly CompactJws[], now: Date): Promise<BoundAddress[]> {
  const keys = new Map<unknown, readonly string[]>();
  const addresses: BoundAddress[] = [];
  for (const scope of scopes) {
    const { iss } = scope.payload;
    if (typeof iss === 'string' && !keys.has(iss)) keys.set(iss, await trust.keysOf(iss));
    const issued = await verifyIssued(scope, keys.get(iss) ?? [], now);
    if (issued?.sub !== pk) throw authError('a JWT in scopes is not that of a trusted issuer for the key');
    addresses.push({ kind: issued.address.kind, mac: hash.ofAddress(issued.address), vouchedBy: issued.signedBy });
  }
  return addresses;
}
