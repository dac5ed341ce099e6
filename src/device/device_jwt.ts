import { constants, randomBytes, sign } from 'node:crypto';
import type { SignKeyObjectInput } from 'node:crypto';
import type { JwsAlgorithm } from '../crypto/algorithms.ts';
import type { DeviceKey } from './device_key.ts';

/** What a device sends: a POST with a JWT in `Authorization` and a JSON body. */
export interface DeviceRequest {
  readonly path: string;
  readonly jwt: string;
  readonly body: object;
}

const HASHES: Readonly<Record<JwsAlgorithm, string | undefined>> = {
  ES256: 'sha256',
  ES384: 'sha384',
  EdDSA: undefined,
  Ed25519: undefined,
  RS256: 'sha256',
  PS256: 'sha256',
};

/** A JWT of the device with this payload, as compact JWS (contracts/iothentix.md 5). */
export function signDeviceJwt(signer: DeviceKey, deviceId: string, payload: object): string {
  const signed = `${base64url({ alg: signer.alg, typ: 'JWT', kid: deviceId })}.${base64url(payload)}`;
  const key: SignKeyObjectInput = { key: signer.privateKey, dsaEncoding: 'ieee-p1363', ...paddingOf(signer.alg) };
  return `${signed}.${sign(HASHES[signer.alg], Buffer.from(signed), key).toString('base64url')}`;
}

/** A `jti` that no JWT has had. */
export function makeJti(): string {
  return randomBytes(16).toString('hex').toUpperCase();
}

/** What a signature by this algorithm needs besides the key. */
export function paddingOf(alg: JwsAlgorithm): Partial<SignKeyObjectInput> {
  return alg === 'PS256' ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {};
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
