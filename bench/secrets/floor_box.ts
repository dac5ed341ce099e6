import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

const NONCE = 12;
const TAG = 16;
const VERSION = Buffer.of(1);

/** The master key of `ID:BASE64`. */
export function readMasterKey(text: string): { id: string; key: KeyObject } {
  const colon = text.indexOf(':');
  return { id: text.slice(0, colon), key: createSecretKey(text.slice(colon + 1), 'base64') };
}

/** AES-256-GCM, as Keyturn seals a value: version, nonce, ciphertext, tag; the place is authenticated. */
export function seal(key: KeyObject, place: readonly string[], value: string): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bytesOf(place));
  return Buffer.concat([VERSION, nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()]);
}

export function open(key: KeyObject, place: readonly string[], box: Buffer): Buffer {
  const end = box.length - TAG;
  const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(1, 1 + NONCE)).setAAD(bytesOf(place)).setAuthTag(box.subarray(end));
  return Buffer.concat([decipher.update(box.subarray(1 + NONCE, end)), decipher.final()]);
}

function bytesOf(place: readonly string[]): Buffer {
  const parts = place.flatMap((part) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(part));
    return [length, Buffer.from(part)];
  });
  return Buffer.concat(parts);
}
