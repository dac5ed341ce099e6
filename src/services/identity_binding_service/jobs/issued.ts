import type { CompactJws } from '../../../crypto/jws.ts';
import { verifyIssued } from '../../issuers/issued_jwt.ts';
import type { Trust } from '../../issuers/trust.ts';
import type { Address } from '../../addresses/address.ts';
import { authError } from '../refusals.ts';

/** What a JWT of an issuer must vouch for. */
export interface Vouched {
  readonly sub: string;
  readonly address: Address;
}

/**
 * Throws AUTHENTIQ_AUTH_ERROR unless a trusted issuer vouches in a JWT that counts now that the key holds the address,
 * which it must spell as normalised (contracts/authentiq.md 6.5).
 */
export async function checkIssued(trust: Trust, jwt: CompactJws, { sub, address }: Vouched, now: Date): Promise<void> {
  const { iss } = jwt.payload;
  const keys = typeof iss === 'string' ? await trust.keysOf(iss) : [];
  const issued = await verifyIssued(jwt, keys, now);
  if (issued === undefined) throw authError('no trusted issuer has signed the JWT, or it does not count now');
  const isSame = issued.sub === sub && issued.address.kind === address.kind && jwt.payload[address.kind] === address.value;
  if (!isSame) throw authError('the JWT vouches for something else');
}
