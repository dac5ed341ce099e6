import type { IotDevice } from '../../../gen/keyturn/v1/iot_device.ts';
import type { Call } from '../../call/call.ts';
import { deviceNotFound } from '../iotda/refusals.ts';
import { originOf } from '../origin.ts';
import type { DevicePath, IotDeviceParts } from './parts.ts';
import { openSecrets, toIotDevice } from './resource.ts';

/** ShowDevice: contracts/iotda.md 7.3. It shows plain secrets, so each call leaves an audit event. */
export async function showDevice({ reader, keyRing, clock }: IotDeviceParts, path: DevicePath, call: Call): Promise<{ device: IotDevice }> {
  const row = await reader.show(path.projectId, path.deviceId, originOf(call, clock));
  if (row === undefined) throw deviceNotFound();
  return { device: toIotDevice(row, openSecrets(row, keyRing)) };
}
