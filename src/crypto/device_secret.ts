import { randomBytes } from 'node:crypto';

/** A secret of a device: 32 lower-case hex characters from 16 random bytes (contracts/iotda.md 5.2). */
export function newDeviceSecret(): string {
  return randomBytes(16).toString('hex');
}

/** Whether a secret is one that a device of an NB-IoT product can have. */
export function isHexadecimal(secret: string): boolean {
  return /^[0-9A-Fa-f]+$/.test(secret);
}
