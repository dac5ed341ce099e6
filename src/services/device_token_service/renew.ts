import { randomUUID } from 'node:crypto';
import type { RenewTokenRequest, RenewTokenResponse } from '../../../gen/keyturn/v1/device_token_service.ts';
import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import type { Call } from '../../call/call.ts';
import type { RenewableToken } from '../../db/device_token.ts';
import { ApiError } from '../../errors.ts';
import { originOf } from '../origin.ts';
import { answerWith, newAccessToken } from './access_token.ts';
import type { DeviceTokenParts } from './parts.ts';
import { clientMismatch, unauthenticated } from './refusals.ts';
import { RENEWAL_SCOPE, grantedScopes } from './scopes.ts';

/** DeviceTokenService.RenewToken: what follows the authenticator in the order of contracts/iothentix.md 8.2. */
export async function renewToken(parts: DeviceTokenParts, request: RenewTokenRequest, call: Call): Promise<RenewTokenResponse> {
  const earlier = tokenOf(call);
  if (request.clientId !== earlier.deviceId) throw clientMismatch();
  if (!earlier.scopes.includes(RENEWAL_SCOPE)) {
    throw new ApiError(ErrorReason.ERROR_REASON_RENEWAL_NOT_ALLOWED, `the earlier token does not have the scope ${RENEWAL_SCOPE}`);
  }
  const scopes = grantedScopes(request.scope, earlier.firstScopes);
  if (earlier.renewals >= parts.settings.maxRenewals) throw exhausted();
  return parts.rate.within(earlier.deviceId, 'renewal', randomUUID(), () => renew(parts, earlier, scopes, call));
}

async function renew({ tokens, settings, clock, count }: DeviceTokenParts, earlier: RenewableToken, scopes: readonly string[], call: Call): Promise<RenewTokenResponse> {
  const origin = originOf(call, clock);
  const token = newAccessToken(origin.at, settings.accessTokenSeconds);
  const result = await tokens.renew(earlier, { ...token, scopes }, settings.maxRenewals, origin);
  if (result === 'ended') throw unauthenticated('the earlier token has ended while this call was checked');
  if (result === 'exhausted') throw exhausted();
  count('renewed');
  return answerWith(token, settings.accessTokenSeconds, scopes);
}

function tokenOf(call: Call): RenewableToken {
  if (call.principal.kind !== 'device_token') throw new Error('RenewToken was called by someone without a token');
  return call.principal.token;
}

function exhausted(): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_RENEWALS_EXHAUSTED, 'no renewals are left since the first token');
}
