import { IotDeviceServiceService } from '../../../gen/keyturn/v1/iot_device_service.ts';
import { bind } from '../../call/endpoints.ts';
import type { Binding } from '../../call/endpoints.ts';
import { Unavailable } from '../../unavailable.ts';

/** IotDeviceService. */
export function iotDeviceService(): Binding[] {
  return bind(IotDeviceServiceService, {
    addDevice: () => skeleton(),
    listDevices: () => skeleton(),
    showDevice: () => skeleton(),
    updateDevice: () => skeleton(),
    deleteDevice: () => skeleton(),
    freezeDevice: () => skeleton(),
    unfreezeDevice: () => skeleton(),
    resetFingerprint: () => skeleton(),
    deviceAuth: () => skeleton(),
  });
}

function skeleton(): never {
  throw new Unavailable('skeleton');
}
