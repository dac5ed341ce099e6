import type { Binding } from './call/endpoints.ts';
import type { Clock } from './clock.ts';
import type { KeyRing } from './crypto/key_ring.ts';
import type { Database } from './db/database.ts';
import type { DeviceStore } from './db/device.ts';
import { DeviceAccessStore } from './db/device_access.ts';
import { DeviceSecretStore } from './db/device_secret.ts';
import { IotDeviceReader } from './db/iot_device.ts';
import { IotDeviceWriter } from './db/iot_device_change.ts';
import type { AtFaultPoint } from './fault_points.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { Connections } from './services/device_secret_service/authenticate_connection.ts';
import { deviceSecretService } from './services/device_secret_service/index.ts';
import { Resets } from './services/device_secret_service/reset.ts';
import { DeviceAuth } from './services/iot_device_service/device_auth.ts';
import { iotDeviceService } from './services/iot_device_service/index.ts';
import { PasswordCheck } from './services/password_check.ts';
import type { IotdaSettings } from './settings.ts';

export interface DeviceSecretsParts {
  readonly database: Database;
  readonly devices: DeviceStore;
  readonly keyRing: KeyRing;
  readonly settings: IotdaSettings;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly atFaultPoint: AtFaultPoint | undefined;
}

/** DeviceSecretService and IotDeviceService, with what they stand on. */
export function composeDeviceSecrets({ database, devices, keyRing, settings, clock, metrics, log, atFaultPoint }: DeviceSecretsParts): Binding[] {
  const resets = new Resets({
    secrets: new DeviceSecretStore(database, atFaultPoint),
    keyRing,
    idempotencyHours: settings.idempotencyHours,
    clock,
    count: (outcome) => metrics.resets.inc({ outcome }),
  });
  const access = { store: new DeviceAccessStore(database), check: new PasswordCheck(keyRing), clock };
  const decided = (returnCode: number, requestId: string, error?: unknown): void => {
    metrics.connections.inc({ return_code: String(returnCode) });
    if (error !== undefined) log.error({ request_id: requestId, err: error }, 'a connection could not be decided on');
  };
  const reader = new IotDeviceReader(database.run);
  const writer = new IotDeviceWriter(database);
  return [
    ...deviceSecretService(resets, new Connections({ ...access, perMinute: settings.deviceRateLimit, decided })),
    ...iotDeviceService({ devices, reader, writer, keyRing, clock }, new DeviceAuth({ ...access, settings })),
  ];
}
