import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** A key pair of a device, as the device holds it. */
export interface DeviceKeyPair {
  readonly privateKey: KeyObject;
  /** PEM on one line, as the vendor's documents show it. */
  readonly pem: string;
}

/** What a device sends to replace its key. */
export interface KeyUpdate {
  /** The Authorization header. */
  readonly jwt: string;
  /** The member `pop` of the body. */
  readonly pop: string;
}

/** Makes a P-256 key pair. */
export function makeKeyPair(): DeviceKeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return { privateKey, pem: `-----BEGIN PUBLIC KEY-----${der.toString('base64')}-----END PUBLIC KEY-----` };
}

/**
 * Signs the update JWT with the key that is registered now and proves, with
 * the new key, that the device owns the new one: all that a device needs, with
 * the cryptography of its platform and nothing of Keyturn.
 */
export function makeKeyUpdate(deviceId: string, current: DeviceKeyPair, next: DeviceKeyPair): KeyUpdate {
  const header = { alg: 'ES256', typ: 'JWT', kid: deviceId };
  const payload = { sub: deviceId, public_key: next.pem, jti: randomBytes(16).toString('hex').toUpperCase() };
  const signed = `${base64url(header)}.${base64url(payload)}`;
  const signature = sign('sha256', Buffer.from(signed), { key: current.privateKey, dsaEncoding: 'ieee-p1363' });
  const jwt = `${signed}.${signature.toString('base64url')}`;
  return { jwt, pop: sign('sha256', Buffer.from(jwt), next.privateKey).toString('base64') };
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
