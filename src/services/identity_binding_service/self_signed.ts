import { isSignedBy, isTimely } from '../../crypto/identity_jwt.ts';
import type { TimeClaims } from '../../crypto/identity_jwt.ts';
import type { CompactJws } from '../../crypto/jws.ts';
import type { AuthentiqSettings } from '../../settings.ts';
import { authError } from './refusals.ts';

/** What is judged of a JWT that was read. */
interface SelfSignedClaims extends TimeClaims {
  readonly jwt: CompactJws;
  readonly sub: string;
}

/** The claims by which a JWT shows that it was made for another call. */
type ForeignClaim = 'aud' | 'scope';

export interface SelfSignedRules {
  readonly now: Date;
  /** The claims that no JWT for this call has. */
  readonly refused: readonly ForeignClaim[];
}

/**
 * Throws AUTHENTIQ_AUTH_ERROR unless the holder of the key `pk`, which is that of the path or, without one, `sub`, has
 * signed the JWT for this call, and it counts now (contracts/authentiq.md section 5, steps 4 to 8 and 10).
 */
export async function checkSelfSigned(claims: SelfSignedClaims, pk: string, { now, refused }: SelfSignedRules): Promise<void> {
  const foreign = refused.find((name) => Object.hasOwn(claims.jwt.payload, name));
  if (foreign !== undefined) throw authError(`the JWT has the claim ${foreign}`);
  if (claims.sub !== pk) throw authError('the JWT speaks of another key');
  if (!isTimely(claims, now)) throw authError('the JWT does not count now');
  if (!(await isSignedBy(claims.jwt, pk))) throw authError('the JWT is not signed by the key');
}

/**
 * Throws AUTHENTIQ_AUTH_ERROR if the JWT is older than the last one that the key has sent (section 5, step 9): `lastIat`
 * is the `iat` of that, undefined if none had one. Whoever stores the new `iat` makes this check a condition of the write.
 */
export function checkReplay({ iat }: TimeClaims, lastIat: number | undefined, guard: AuthentiqSettings['iatGuard']): void {
  if (guard === 'off') return;
  if (iat === undefined && (guard === 'required' || lastIat !== undefined)) throw authError('the JWT has no iat');
  if (iat !== undefined && lastIat !== undefined && iat < lastIat) throw authError('the JWT is older than the last one of the key');
}
