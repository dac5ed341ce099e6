import type { IntrospectTokenRequest, IntrospectTokenResponse } from '../../../gen/keyturn/v1/device_token_service.ts';
import { tokenDigest } from '../../crypto/token.ts';
import type { DeviceTokenParts } from './parts.ts';

const INACTIVE: IntrospectTokenResponse = { active: false, sub: undefined, scope: undefined, iss: undefined, exp: undefined };

/**
 * DeviceTokenService.IntrospectToken (contracts/iothentix.md 8.3): one indexed
 * look-up. Tokens go with the freezing or the removal of their device.
 */
export async function introspectToken({ tokens, issuer, clock, checked }: DeviceTokenParts, request: IntrospectTokenRequest): Promise<IntrospectTokenResponse> {
  const token = await tokens.find(tokenDigest(request.token), clock.now());
  checked('introspection', token !== undefined);
  if (token === undefined) return INACTIVE;
  const { deviceId, scopes, expiresAt } = token;
  return { active: true, sub: deviceId, scope: scopes.join(' '), iss: issuer(), exp: Math.floor(expiresAt.getTime() / 1000) };
}
