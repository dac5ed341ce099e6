import type { IotAuthInfo, IotDevice, IotDeviceSummary } from '../../../gen/keyturn/v1/iot_device.ts';
import { placeOf } from '../../crypto/key_ring.ts';
import type { KeyRing, Sealed } from '../../crypto/key_ring.ts';
import type { IotDeviceDetails, IotDeviceRow, IotDeviceWithSecrets } from '../../db/iot_device.ts';

/** The secrets of a device in plain text. */
export interface PlainSecrets {
  readonly primary: string | undefined;
  readonly secondary: string | undefined;
}

/** Opens the secrets of a device. Throws an Error if the key ring cannot. */
export function openSecrets(row: IotDeviceWithSecrets, keyRing: KeyRing): PlainSecrets {
  const open = (slot: string, keyId: string | null, box: Buffer | null): string | undefined => {
    if (keyId === null || box === null) return undefined;
    const sealed: Sealed = { keyId, box };
    return keyRing.open(placeOf.deviceSecret(row.device_id, slot), sealed).toString();
  };
  return {
    primary: open('PRIMARY', row.primary_key_id, row.primary_box),
    secondary: open('SECONDARY', row.secondary_key_id, row.secondary_box),
  };
}

/** The device object of contracts/iotda.md 7.3. */
export function toIotDevice(row: IotDeviceDetails, secrets: PlainSecrets): IotDevice {
  return {
    ...toSummary(row),
    authInfo: toAuthInfo(row, secrets),
    createTime: row.created_at.toISOString().replaceAll(/[-:]|\.[0-9]+/g, ''),
    connectionStatusUpdateTime: undefined,
    activeTime: row.active_at?.toISOString(),
    modules: undefined,
    extensionInfo: row.extension_info ?? undefined,
  };
}

/** An item of 7.4. A device that the operator made may lack a node id and a product. */
export function toSummary(row: IotDeviceRow): IotDeviceSummary {
  return {
    appId: row.app_id,
    appName: row.app_name,
    deviceId: row.device_id,
    nodeId: row.node_id || undefined,
    gatewayId: row.gateway_id ?? row.device_id,
    deviceName: row.device_name ?? undefined,
    nodeType: row.gateway_id === null ? 'GATEWAY' : 'ENDPOINT',
    description: row.description ?? undefined,
    fwVersion: undefined,
    swVersion: undefined,
    deviceSdkVersion: undefined,
    productId: row.product_id || undefined,
    productName: row.product_name || undefined,
    status: statusOf(row),
    tags: [],
  };
}

function toAuthInfo(row: IotDeviceDetails, secrets: PlainSecrets): IotAuthInfo {
  return {
    authType: row.auth_type,
    secret: secrets.primary,
    secondarySecret: secrets.secondary,
    fingerprint: row.fingerprint ?? undefined,
    secondaryFingerprint: row.secondary_fingerprint ?? undefined,
    secureAccess: row.secure_access,
    timeout: row.timeout,
  };
}

function statusOf({ state, active_at: activeAt }: IotDeviceRow): string {
  if (state === 'FROZEN') return 'FROZEN';
  return activeAt === null ? 'INACTIVE' : 'OFFLINE';
}
