import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import type { Call } from '../../call/call.ts';
import { ApiError } from '../../errors.ts';
import { deviceNotFound } from '../iotda/refusals.ts';
import { originOf } from '../origin.ts';
import type { DevicePath, IotDeviceParts } from './parts.ts';

/** FreezeDevice: contracts/iotda.md 7.5. A device that is frozen stays as it is. */
export async function freezeDevice({ devices, clock }: IotDeviceParts, { projectId, deviceId }: DevicePath, call: Call): Promise<object> {
  const result = await devices.setState(deviceId, 'FROZEN', originOf(call, clock), { projectId });
  if (result === 'missing') throw deviceNotFound();
  if (result === 'is_child') throw new ApiError(ErrorReason.ERROR_REASON_IOTDA_CHILD_NOT_FROZEN, 'the device is a child of another one');
  return {};
}
