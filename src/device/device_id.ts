import { DeviceError } from './device_error.ts';

/** Throws a DeviceError `usage` if the text cannot be the id of a device. */
export function requireDeviceId(text: string): void {
  if (!/^[A-Za-z0-9._-]{1,128}$/.test(text)) throw new DeviceError('usage', 'a device id has 1 to 128 characters of A-Za-z0-9._-');
}
