import { DeviceTokenServiceService } from '../../../gen/keyturn/v1/device_token_service.ts';
import { bind } from '../../call/endpoints.ts';
import type { Binding } from '../../call/endpoints.ts';
import { introspectToken } from './introspect.ts';
import { issueToken } from './issue.ts';
import type { DeviceTokenParts } from './parts.ts';
import { renewToken } from './renew.ts';
import { verifyDeviceJwt } from './verify_jwt.ts';

/** DeviceTokenService. */
export function deviceTokenService(parts: DeviceTokenParts): Binding[] {
  return bind(DeviceTokenServiceService, {
    issueToken: (request, call) => issueToken(parts, request, call),
    renewToken: (request, call) => renewToken(parts, request, call),
    introspectToken: (request) => introspectToken(parts, request),
    verifyDeviceJwt: (request, call) => verifyDeviceJwt(parts, request, call),
  });
}
