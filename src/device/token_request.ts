import { parseJsonObject } from '../crypto/json_object.ts';
import { makeJti, signDeviceJwt } from './device_jwt.ts';
import type { DeviceRequest } from './device_jwt.ts';
import type { DeviceKey } from './device_key.ts';
import type { Answer } from './exchange.ts';
import { refusalOf } from './verdict.ts';
import type { Refusal } from './verdict.ts';

/** A token as the service gives it (contracts/iothentix.md 8.1). */
export interface IssuedToken {
  readonly access_token: string;
  /** How long it counts, seconds. */
  readonly expires_in: number;
  /** The scope words that it grants, joined by single spaces. */
  readonly scope: string;
  readonly token_type: string;
}

/** A request for a token, good until `exp`, seconds since 1970. Without `scope` for all that the device may have. */
export function signTokenRequest(deviceId: string, signer: DeviceKey, exp: number, scope: string | undefined): DeviceRequest {
  return { path: '/as/token', jwt: signDeviceJwt(signer, deviceId, { sub: deviceId, jti: makeJti(), exp }), body: { client_id: deviceId, scope } };
}

/** Judges the answer to it. 200 counts only with a token: proxies and login pages have statuses too. */
export function judgeToken(answer: Answer): IssuedToken | Refusal {
  if (answer.status !== 200) return refusalOf(answer);
  const { access_token: token, expires_in: seconds, scope, token_type: type } = parseJsonObject(answer.body) ?? {};
  if (typeof token !== 'string' || !/^[!-~]+$/.test(token) || typeof seconds !== 'number' || typeof scope !== 'string' || typeof type !== 'string') return 'doubt';
  return { access_token: token, expires_in: seconds, scope, token_type: type };
}
