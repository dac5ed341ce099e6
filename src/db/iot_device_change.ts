import type { Database, Run } from './database.ts';
import { IOT_DEVICE_DETAILS } from './iot_device.ts';
import type { IotDeviceDetails } from './iot_device.ts';
import { valuesOf } from './origin.ts';
import type { Origin } from './origin.ts';
import { recordIdAt } from './record_id.ts';

/** A device to register; its fields are already checked. */
export interface NewIotDevice {
  readonly projectId: string;
  readonly deviceId: string;
  readonly nodeId: string;
  readonly productId: string;
  readonly deviceName: string | undefined;
  readonly description: string | undefined;
  /** Undefined: it has no parent. */
  readonly gatewayId: string | undefined;
  /** Undefined: the resource space of the project. */
  readonly appId: string | undefined;
  readonly authType: 'SECRET' | 'CERTIFICATES';
  readonly fingerprint: string | undefined;
  readonly secureAccess: boolean;
  /** Seconds; 0: none. */
  readonly timeout: number;
  readonly extensionInfo: object | undefined;
  /** The primary secret, sealed, and whether it is one that a device of an NB-IoT product can have. */
  readonly secret: { readonly keyId: string; readonly box: Buffer; readonly isHexadecimal: boolean } | undefined;
}

/** Why a device cannot be registered, the first reason in this order. */
export type NewIotDeviceFault = 'app_missing' | 'gateway_missing' | 'too_deep' | 'secret_not_hexadecimal' | 'device_exists';

/** What is undefined stays as it is. */
export interface IotDeviceChange {
  readonly deviceName: string | undefined;
  readonly description: string | undefined;
  readonly extensionInfo: object | undefined;
  readonly secureAccess: boolean | undefined;
  /** Seconds from its creation; 0: none. */
  readonly timeout: number | undefined;
}

export interface FingerprintChange {
  readonly slot: 'PRIMARY' | 'SECONDARY';
  /** Undefined: cleared. */
  readonly fingerprint: string | undefined;
  readonly forceDisconnect: boolean;
}

/**
 * The parent is locked against its removal, which waits for this statement and
 * then sees the child; a parent that is being removed is waited for, and missing
 * then. Parents never change, so how deep one is cannot change either.
 */
const CREATE = {
  name: 'iot_device_create',
  text: `with
    parent as (
      select device_id, gateway_id from device where device_id = $11 and project_id = $6 for key share),
    place as (
      select p.project_id, p.app_id, p.name, q.name as product_name, case
        when $12::text <> p.app_id then 'app_missing'
        when $11::text is not null and not exists (select from parent) then 'gateway_missing'
        when exists (select from parent join device above on above.device_id = parent.gateway_id where above.gateway_id is not null) then 'too_deep'
        when q.nb_iot and not $21::boolean then 'secret_not_hexadecimal' end as fault
      from project p left join product q on q.project_id = p.project_id and q.product_id = $8 where p.project_id = $6),
    d as (
      insert into device (device_id, project_id, node_id, product_id, state, updates_allowed, scopes, created_at, updated_at, record_id,
        device_name, description, gateway_id, auth_type, fingerprint, secure_access, timeout, expires_at, extension_info)
      select $5, project_id, $7, $8, 'ACTIVE', true, '{}', $1, $1, ${recordIdAt('$1')},
        $9, $10, $11, $13, $14, $15, $16::int, case when $16::int > 0 then $1::timestamptz + make_interval(secs => $16::int) end, $17::json
      from place where fault is null
      on conflict (device_id) do nothing
      returning *),
    se as (
      insert into device_secret (device_id, slot, key_id, box, set_at)
      select device_id, 'PRIMARY', $19, $20, $1 from d where $20::bytea is not null),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $1, project_id, device_id, 'device.created', $2, $3, $4, $18::json from d),
    ob as (
      insert into outbox (occurred_at, project_id, device_id, type, payload)
      select $1, project_id, device_id, 'device.created', '{}' from d)
    select p.fault, ${IOT_DEVICE_DETAILS.replace('q.name', 'p.product_name')} from place p left join d on true`,
};

const UPDATE = {
  name: 'iot_device_update',
  text: `with
    dev as (
      update device set updated_at = $1,
        device_name = coalesce($7, device_name), description = coalesce($8, description),
        extension_info = coalesce($9::json, extension_info), secure_access = coalesce($10, secure_access), timeout = coalesce($11::int, timeout),
        expires_at = case when $11::int is null then expires_at
          when $11::int > 0 and active_at is null and current_key is null then created_at + make_interval(secs => $11::int) end
      where device_id = $5 and project_id = $6
      returning device_id, project_id),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $1, project_id, device_id, 'device.updated', $2, $3, $4, $12::json from dev)
    select count(*)::int as changed from dev`,
};

const LOCK = { name: 'iot_device_lock', text: 'select from device where device_id = $1 and project_id = $2 for update' };

const RESET_FINGERPRINT = {
  name: 'iot_device_reset_fingerprint',
  text: `with
    dev as (
      update device set updated_at = $1, auth_type = 'CERTIFICATES',
        fingerprint = case when $7::text = 'PRIMARY' then $8 else fingerprint end,
        secondary_fingerprint = case when $7::text = 'SECONDARY' then $8 else secondary_fingerprint end
      where device_id = $5 and project_id = $6
      returning device_id, project_id, gateway_id),
    tk as (
      delete from device_token using dev where device_token.device_id = dev.device_id and $9::boolean),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $1, project_id, device_id, 'device_fingerprint.reset', $2, $3, $4, $10::json from dev),
    ob as (
      insert into outbox (occurred_at, project_id, device_id, type, payload)
      select $1, project_id, device_id, event.type, event.payload
      from dev, (values ('device_fingerprint.reset', $11::json), ('session.close', '{}')) as event (type, payload)
      where event.type <> 'session.close' or ($9::boolean and gateway_id is null))
    select count(*)::int as changed from dev`,
};

/** Changes of devices that applications make (contracts/iotda.md section 7). */
export class IotDeviceWriter {
  readonly #database: Pick<Database, 'run' | 'transaction'>;

  constructor(database: Pick<Database, 'run' | 'transaction'>) {
    this.#database = database;
  }

  /** Registers a device; a fault means that nothing has changed. */
  async create(device: NewIotDevice, origin: Origin): Promise<IotDeviceDetails | NewIotDeviceFault> {
    const { secret } = device;
    const [row] = await this.#database.run<IotDeviceDetails & { fault: NewIotDeviceFault | null }>(CREATE, [
      ...valuesOf(origin), device.deviceId, device.projectId, device.nodeId, device.productId, device.deviceName, device.description,
      device.gatewayId, device.appId, device.authType, device.fingerprint, device.secureAccess, device.timeout, jsonOf(device.extensionInfo),
      JSON.stringify({ auth_type: device.authType }), secret?.keyId, secret?.box, secret?.isHexadecimal ?? true,
    ]);
    if (row === undefined) throw new Error('the project of a caller is gone');
    if (row.fault !== null) return row.fault;
    return row.device_id === null ? 'device_exists' : row;
  }

  /** Changes a device of a project; false if there is no such device. */
  async update(projectId: string, deviceId: string, change: IotDeviceChange, origin: Origin): Promise<boolean> {
    const { deviceName, description, extensionInfo, secureAccess, timeout } = change;
    const fields = { device_name: deviceName, description, extension_info: jsonOf(extensionInfo), secure_access: secureAccess, timeout };
    const changed = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [name]));
    const details = JSON.stringify({ changed: changed.join(',') });
    const [row] = await this.#database.run<{ changed: number }>(UPDATE, [...valuesOf(origin), deviceId, projectId, ...Object.values(fields), details]);
    return row?.changed === 1;
  }

  /**
   * Sets or clears a fingerprint; with `forceDisconnect` the access tokens of
   * the device end, and its session unless it is a child's. False if there is no such device.
   */
  async resetFingerprint(projectId: string, deviceId: string, change: FingerprintChange, origin: Origin): Promise<boolean> {
    const { slot, fingerprint, forceDisconnect } = change;
    const details = { slot, cleared: String(fingerprint === undefined), force_disconnect: String(forceDisconnect) };
    const values = [...valuesOf(origin), deviceId, projectId, slot, fingerprint, forceDisconnect, JSON.stringify(details), JSON.stringify({ slot })];
    return this.#database.transaction(async (run: Run) => {
      // Only a statement that starts after the lock sees a token that is being issued.
      await run(LOCK, [deviceId, projectId]);
      const [row] = await run<{ changed: number }>(RESET_FINGERPRINT, values);
      return row?.changed === 1;
    });
  }
}

function jsonOf(value: object | undefined): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}
