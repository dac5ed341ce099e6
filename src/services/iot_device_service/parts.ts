import type { Clock } from '../../clock.ts';
import type { KeyRing } from '../../crypto/key_ring.ts';
import type { DeviceStore } from '../../db/device.ts';
import type { IotDeviceReader } from '../../db/iot_device.ts';
import type { IotDeviceWriter } from '../../db/iot_device_change.ts';

/** What the operations of IotDeviceService work with. */
export interface IotDeviceParts {
  /** What all APIs do with devices alike. */
  readonly devices: DeviceStore;
  readonly reader: IotDeviceReader;
  readonly writer: IotDeviceWriter;
  readonly keyRing: KeyRing;
  readonly clock: Clock;
}

/** The path of a call that concerns one device. */
export interface DevicePath {
  readonly projectId: string;
  readonly deviceId: string;
}
