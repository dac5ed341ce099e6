import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDeviceKey, toPrivatePem } from '../../src/device/device_key.ts';
import { DeviceError, rotate } from '../../src/device/rotate.ts';
import { operator } from '../faults/fixtures/device.ts';
import type { DeviceFiles } from './messages.ts';
import type { Service } from './service.ts';

/** A device with its files, and the thumbprint of the key that it began with. */
export interface Device extends DeviceFiles {
  readonly first: string;
}

/** How long a device may take to show that it can still rotate, milliseconds. */
const PATIENCE = 30_000;

/** Makes the files of a device and registers it. */
export async function addDevice(service: Service, folder: string, deviceId: string): Promise<Device> {
  const home = join(folder, deviceId);
  mkdirSync(home, { mode: 0o700 });
  const key = makeDeviceKey('ES256');
  const device = { deviceId, keyFile: join(home, 'device.pem'), stateFolder: join(home, 'state'), first: key.thumbprint };
  writeFileSync(device.keyFile, toPrivatePem(key), { mode: 0o600 });
  const publicKey = `-----BEGIN PUBLIC KEY-----${key.spki.toString('base64')}-----END PUBLIC KEY-----`;
  const body = { device_id: deviceId, public_key: publicKey };
  const answer = await operator(service.url, service.operatorToken, 'POST', '/v1/devices', body);
  if (answer.status !== 200) throw new Error(`${deviceId} could not be registered: ${answer.body}`);
  return device;
}

/** Ends a rotation that is open, and makes a new one; why this cannot be done, or undefined if it could. */
export async function whyBricked(service: Service, device: Device): Promise<string | undefined> {
  const { deviceId, keyFile, stateFolder } = device;
  const options = { target: { url: new URL(service.url) }, deviceId, keyFile, stateFolder, lifetime: 600, timeout: PATIENCE };
  try {
    const { resumed } = await rotate(options);
    if (resumed) await rotate(options);
    return undefined;
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    return `${deviceId}: ${error.message}`;
  }
}
