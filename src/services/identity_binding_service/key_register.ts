import type { KeyRegisterRequest, KeyRegisterResponse } from '../../../gen/keyturn/v1/identity_binding_service.ts';
import type { Call } from '../../call/call.ts';
import { isIdentityKey } from '../../crypto/identity_jwt.ts';
import { isSoundIdentityKey } from '../../crypto/identity_key.ts';
import { newToken, tokenDigest } from '../../crypto/token.ts';
import { originOf } from '../origin.ts';
import { readAuthentiqId } from './claims.ts';
import { registrationOf } from './key_change.ts';
import type { IdentityParts } from './parts.ts';
import { authError, badRequest, duplicateKey } from './refusals.ts';
import { checkReplay, checkSelfSigned } from './self_signed.ts';

/** KeyRegister: contracts/authentiq.md 7.1. Addresses in the JWT are not bound by it. */
export async function registerKey(parts: IdentityParts, { jwt }: KeyRegisterRequest, call: Call): Promise<KeyRegisterResponse> {
  const { identities, settings, clock } = parts;
  const claims = readAuthentiqId(jwt);
  const { sub } = claims;
  if (!isIdentityKey(sub)) throw badRequest('jwt.sub', 'is no key');
  const origin = originOf(call, clock, 'identity');
  await checkSelfSigned(claims, sub, { now: origin.at, refused: ['aud', 'scope'] });
  checkReplay(claims, undefined, settings.iatGuard);
  if (!isSoundIdentityKey(sub)) throw authError('the key is no point that signatures count under');
  const secret = newToken();
  const isNew = await identities.register({ ...registrationOf(parts, claims), secretSha256: tokenDigest(secret) }, origin);
  if (!isNew) throw duplicateKey();
  return { status: 'registered', secret };
}
