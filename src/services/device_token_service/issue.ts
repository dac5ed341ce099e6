import { randomUUID } from 'node:crypto';
import type { IssueTokenRequest, IssueTokenResponse } from '../../../gen/keyturn/v1/device_token_service.ts';
import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import type { DevicePrincipal } from '../../call/authenticate/principal.ts';
import type { Call } from '../../call/call.ts';
import type { SignerState } from '../../db/device_jwt.ts';
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
  return parts.rate.within(
    device.deviceId,
    'issue',
    device.jti,
    () => issue(parts, device, { asked: request.scope, scopes }, call),
    // Another request with this JWT may have got its token since this one was let in: such a JWT is spent, not too early.
    async () => void (await checkAgain(parts, device)),
  );
}

/** What a token is to grant, and the scope that was asked for. */
interface Grant {
  readonly asked: string;
  readonly scopes: readonly string[];
}

/** Writes until nothing has come between what was read and what is written: each try after the first follows a change of the device. */
async function issue(parts: DeviceTokenParts, device: DevicePrincipal, { asked, scopes }: Grant, call: Call): Promise<IssueTokenResponse> {
  const { tokens, settings, clock, count } = parts;
  const { deviceId, jti, currentKey: { thumbprint } } = device;
  const origin = originOf(call, clock);
  const token = newAccessToken(origin.at, settings.accessTokenSeconds);
  for (let granted = scopes; ; granted = grantedScopes(asked, (await checkAgain(parts, device)).scopes)) {
    call.signal.throwIfAborted();
    const result = await tokens.issue({ deviceId, jti, thumbprint }, { ...token, scopes: granted, chainId: randomUUID() }, origin);
    if (result === 'jti_used') throw unauthenticated('the jti was used while this call was checked');
    if (result === 'overtaken') continue;
    count('issued');
    return answerWith(token, settings.accessTokenSeconds, granted);
  }
}

/** The device as it is now. Throws the refusal of one that has changed since its call was let in, by the order of section 8.1. */
async function checkAgain({ jwts }: DeviceTokenParts, { deviceId, jti, currentKey }: DevicePrincipal): Promise<SignerState> {
  const state = await jwts.read(deviceId, jti);
  if (state?.currentSpki?.equals(currentKey.spki) !== true) throw unauthenticated('the key was replaced while this call was checked');
  if (state.jtiUsed) throw unauthenticated('the jti was used while this call was checked');
  if (state.frozen) throw new ApiError(ErrorReason.ERROR_REASON_DEVICE_FROZEN, 'the device was frozen while this call was checked');
  return state;
}

function deviceOf(call: Call): DevicePrincipal {
  if (call.principal.kind !== 'device') throw new Error('IssueToken was called by someone other than a device');
  return call.principal;
}
