import { IotDeviceChanges } from '../../../gen/keyturn/v1/iot_device.ts';
import type { UpdateDeviceRequest, UpdateDeviceResponse } from '../../../gen/keyturn/v1/iot_device_service.ts';
import type { Call } from '../../call/call.ts';
import { checkExtensionInfo, checkTimeout } from '../iotda/input.ts';
import { deviceNotFound } from '../iotda/refusals.ts';
import { originOf } from '../origin.ts';
import type { IotDeviceParts } from './parts.ts';
import { showDevice } from './show_device.ts';

/** UpdateDevice: contracts/iotda.md 7.1. What it answers is read after the change, so that it shows no secret that was replaced meanwhile. */
export async function updateDevice(parts: IotDeviceParts, request: UpdateDeviceRequest, call: Call): Promise<UpdateDeviceResponse> {
  const { deviceName, description, extensionInfo, authInfo } = request.changes ?? IotDeviceChanges.create();
  checkTimeout('changes.auth_info.timeout', authInfo);
  checkExtensionInfo('changes.extension_info', extensionInfo);
  const change = { deviceName, description, extensionInfo, secureAccess: authInfo?.secureAccess, timeout: authInfo?.timeout };
  const isThere = await parts.writer.update(request.projectId, request.deviceId, change, originOf(call, parts.clock));
  if (!isThere) throw deviceNotFound();
  return showDevice(parts, request, call);
}
