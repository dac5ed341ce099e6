import { DeviceState } from '../../../gen/keyturn/v1/device.ts';
import type { VerifyDeviceJwtRequest, VerifyDeviceJwtResponse } from '../../../gen/keyturn/v1/device_token_service.ts';
import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import { retryAfter } from '../../call/allowance.ts';
import type { ApplicationPrincipal } from '../../call/authenticate/principal.ts';
import type { Call } from '../../call/call.ts';
import type { Signer } from '../../call/authenticate/device_jwt_check.ts';
import { ApiError } from '../../errors.ts';
import { originOf } from '../origin.ts';
import type { DeviceTokenParts } from './parts.ts';

const REFUSED: VerifyDeviceJwtResponse = {
  active: false,
  deviceId: '',
  projectId: '',
  state: DeviceState.DEVICE_STATE_UNSPECIFIED,
  scopes: [],
  keyThumbprint: '',
};

/** DeviceTokenService.VerifyDeviceJwt: a decision against the JWT is an answer, not an error. */
export async function verifyDeviceJwt(parts: DeviceTokenParts, request: VerifyDeviceJwtRequest, call: Call): Promise<VerifyDeviceJwtResponse> {
  const response = await decide(parts, request.jwt, call);
  parts.checked('jwt', response.active);
  return response;
}

/** Checks and spends until nothing has come between the two: each try after the first follows a change of the device. */
async function decide(parts: DeviceTokenParts, jwt: string, call: Call): Promise<VerifyDeviceJwtResponse> {
  const { check, jwts, verifications, clock } = parts;
  const { projectId } = checkerOf(call);
  call.signal.throwIfAborted();
  const signer = await check.check(jwt);
  if (typeof signer === 'string' || (projectId !== undefined && signer.projectId !== projectId)) return REFUSED;
  if (signer.frozen) return shown(signer, false);
  const { deviceId, jti, currentKey: { thumbprint } } = signer;
  const now = clock.now().getTime();
  const wait = verifications.take(deviceId, now);
  if (wait > 0) throw new ApiError(ErrorReason.ERROR_REASON_DEVICE_CHECK_RATE_LIMITED, 'too many JWTs of the device were verified', { metadata: retryAfter(wait) });
  const result = await jwts.spend({ deviceId, jti, thumbprint }, originOf(call, clock));
  if (result === 'spent') return shown(signer, true);
  verifications.giveBack(deviceId, now);
  return result === 'jti_used' ? REFUSED : decide(parts, jwt, call);
}

function shown({ deviceId, projectId, frozen, scopes, currentKey }: Signer, active: boolean): VerifyDeviceJwtResponse {
  const state = frozen ? DeviceState.DEVICE_STATE_FROZEN : DeviceState.DEVICE_STATE_ACTIVE;
  return { active, deviceId, projectId, state, scopes: [...scopes], keyThumbprint: currentKey.thumbprint };
}

function checkerOf(call: Call): ApplicationPrincipal {
  if (call.principal.kind !== 'application') throw new Error('VerifyDeviceJwt was called by someone who may not check devices');
  return call.principal;
}
