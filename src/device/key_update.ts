import { sign } from 'node:crypto';
import type { SignKeyObjectInput } from 'node:crypto';
import { makeJti, paddingOf, signDeviceJwt } from './device_jwt.ts';
import type { DeviceRequest } from './device_jwt.ts';
import type { DeviceKey } from './device_key.ts';

/** What installs a new key: the Authorization header and the member `pop` of the body. */
export interface KeyUpdate {
  readonly jwt: string;
  readonly pop: string;
}

/**
 * The update that replaces `signer` by `next` until `exp`, seconds since 1970: a compact JWS with the documented
 * members and `exp` (contracts/iothentix.md 5), and the proof of form A (section 6).
 */
export function signUpdate(deviceId: string, signer: DeviceKey, next: DeviceKey, exp: number): KeyUpdate {
  const publicKey = `-----BEGIN PUBLIC KEY-----${next.spki.toString('base64')}-----END PUBLIC KEY-----`;
  const jwt = signDeviceJwt(signer, deviceId, { sub: deviceId, public_key: publicKey, jti: makeJti(), exp });
  return { jwt, pop: prove(next, jwt) };
}

/**
 * A request that can never change anything and tells whether the key is the current one: only a JWT that verifies gets
 * as far as `public_key`, which is no key (contracts/iothentix.md 7.1 steps 7 to 10). That member also keeps the JWT
 * from buying a token (8.1). Without `exp`, so that the answer does not hang on clocks.
 */
export function signProbe(deviceId: string, signer: DeviceKey): KeyUpdate {
  return { jwt: signDeviceJwt(signer, deviceId, { sub: deviceId, public_key: 'none', jti: makeJti() }), pop: 'none' };
}

/** The request that sends an update. */
export function requestOf({ jwt, pop }: KeyUpdate): DeviceRequest {
  return { path: '/device/update/pubkey', jwt, body: { pop } };
}

/** The documented hash, SHA-256, on both curves; DER; none of both for Ed25519. */
function prove(next: DeviceKey, jwt: string): string {
  const hash = next.kind === 'Ed25519' ? undefined : 'sha256';
  const key: SignKeyObjectInput = { key: next.privateKey, dsaEncoding: 'der', ...paddingOf(next.alg) };
  return sign(hash, Buffer.from(jwt), key).toString('base64');
}
