import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import type { Call } from '../../call/call.ts';
import { ApiError } from '../../errors.ts';
import { deviceNotFound } from '../iotda/refusals.ts';
import { originOf } from '../origin.ts';
import type { DevicePath, IotDeviceParts } from './parts.ts';

/** DeleteDevice: contracts/iotda.md 7.5. */
export async function deleteDevice({ devices, clock }: IotDeviceParts, { projectId, deviceId }: DevicePath, call: Call): Promise<object> {
  const result = await devices.remove(deviceId, originOf(call, clock), { projectId });
  if (result === 'missing') throw deviceNotFound();
  if (result === 'has_children') throw new ApiError(ErrorReason.ERROR_REASON_IOTDA_DEVICE_HAS_ENDPOINT, 'the device has children');
  return {};
}
