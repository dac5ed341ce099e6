import { IotDeviceServiceService } from '../../../gen/keyturn/v1/iot_device_service.ts';
import { bind } from '../../call/endpoints.ts';
import type { Binding } from '../../call/endpoints.ts';
import { addDevice } from './add_device.ts';
import { deleteDevice } from './delete_device.ts';
import type { DeviceAuth } from './device_auth.ts';
import { freezeDevice } from './freeze_device.ts';
import { listDevices } from './list_devices.ts';
import type { IotDeviceParts } from './parts.ts';
import { resetFingerprint } from './reset_fingerprint.ts';
import { showDevice } from './show_device.ts';
import { unfreezeDevice } from './unfreeze_device.ts';
import { updateDevice } from './update_device.ts';

/** IotDeviceService: devices as applications see them. */
export function iotDeviceService(parts: IotDeviceParts, deviceAuth: DeviceAuth): Binding[] {
  return bind(IotDeviceServiceService, {
    addDevice: (request, call) => addDevice(parts, request, call),
    listDevices: (request, call) => listDevices(parts, request, call),
    showDevice: (request, call) => showDevice(parts, request, call),
    updateDevice: (request, call) => updateDevice(parts, request, call),
    deleteDevice: (request, call) => deleteDevice(parts, request, call),
    freezeDevice: (request, call) => freezeDevice(parts, request, call),
    unfreezeDevice: (request, call) => unfreezeDevice(parts, request, call),
    resetFingerprint: (request, call) => resetFingerprint(parts, request, call),
    deviceAuth: (request, call) => deviceAuth.authenticate(request, call),
  });
}
