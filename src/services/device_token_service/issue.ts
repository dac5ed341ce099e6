import { randomUUID } from 'node:crypto';
import type { IssueTokenRequest, IssueTokenResponse } from '../../../gen/keyturn/v1/device_token_service.ts';
import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import type { DevicePrincipal } from '../../call/authenticate/principal.ts';
import type { Call } from '../../call/call.ts';
import { ApiError } from '../../errors.ts';
import { originOf } from '../origin.ts';
import { answerWith, newAccessToken } from './access_token.ts';
import type { DeviceTokenParts } from './parts.ts';
import { clientMismatch, unauthenticated } from './refusals.ts';
import { grantedScopes } from './scopes.ts';

/** DeviceTokenService.IssueToken: what follows the authenticator in the order of contracts/iothentix.md 8.1. */
export async function issueToken(parts: DeviceTokenParts, request: IssueTokenRequest, call: Call): Promise<IssueTokenResponse> {
  const device = deviceOf(call);
  if (request.clientId !== device.deviceId) throw clientMismatch();
  const scopes = grantedScopes(request.scope, device.scopes);
  return parts.rate.within(device.deviceId, `jwt ${device.jti}`, () => issue(parts, device, scopes, call));
}

async function issue({ tokens, jwts, settings, clock, count }: DeviceTokenParts, device: DevicePrincipal, scopes: readonly string[], call: Call): Promise<IssueTokenResponse> {
  const { deviceId, jti, currentKey: { thumbprint } } = device;
  const origin = originOf(call, clock);
  const token = newAccessToken(origin.at, settings.accessTokenSeconds);
  const result = await tokens.issue({ deviceId, jti, thumbprint }, { ...token, scopes, chainId: randomUUID() }, origin);
  if (result === 'jti_used') throw unauthenticated('the jti was used while this call was checked');
  if (result === 'overtaken') {
    const state = await jwts.read(deviceId, jti);
    if (state?.frozen === true && state.currentSpki?.equals(device.currentKey.spki) === true) {
      throw new ApiError(ErrorReason.ERROR_REASON_DEVICE_FROZEN, 'the device was frozen while this call was checked');
    }
    throw unauthenticated('the key was replaced while this call was checked');
  }
  count('issued');
  return answerWith(token, settings.accessTokenSeconds, scopes);
}

function deviceOf(call: Call): DevicePrincipal {
  if (call.principal.kind !== 'device') throw new Error('IssueToken was called by someone other than a device');
  return call.principal;
}
