import { violatedConstraint } from './database.ts';
import type { Database, Run } from './database.ts';
import { DeviceEntity, PublicKeyEntity } from './entities.ts';
import type { DeviceRow, PublicKeyRow } from './entities.ts';
import type { Origin } from './origin.ts';
import { recordIdAt } from './record_id.ts';

/** A device to register; its key, if it has one, is already checked. */
export interface NewDevice {
  readonly deviceId: string;
  readonly projectId: string;
  readonly nodeId: string;
  readonly productId: string;
  readonly scopes: readonly string[];
  readonly updatesAllowed: boolean;
  readonly key: { readonly thumbprint: string; readonly kind: string; readonly spki: Buffer } | undefined;
}

export type CreateDeviceResult = 'created' | 'device_exists' | 'key_known' | 'project_missing';

const CREATE = {
  name: 'device_create',
  text: `with
    dev as (
      insert into device (device_id, project_id, node_id, product_id, state, updates_allowed, scopes, current_key, created_at, updated_at, record_id)
      select $1, project_id, $3, $4, 'ACTIVE', $5, $6, $7, $10, $10, ${recordIdAt('$10')} from project where project_id = $2
      on conflict (device_id) do nothing
      returning device_id, project_id),
    neu as (
      insert into public_key (thumbprint, device_id, state, kind, spki, activated_at)
      select $7, device_id, 'CURRENT', $8, $9, $10 from dev where $7 is not null),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $10, project_id, device_id, 'device.created', $11, $12, $13, $14::json from dev),
    ob as (
      insert into outbox (occurred_at, project_id, device_id, type, payload)
      select $10, project_id, device_id, 'device.created', $14::json from dev)
    select (select count(*) from dev)::int as created, exists (select from project where project_id = $2) as project_exists`,
};

const SET_STATE = {
  name: 'device_set_state',
  text: `with
    dev as (
      update device set state = $2, updated_at = $3 where device_id = $1 and state <> $2
      returning device_id, project_id),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $3, project_id, device_id, $4, $5, $6, $7, '{}' from dev),
    ob as (
      insert into outbox (occurred_at, project_id, device_id, type, payload)
      select $3, project_id, device_id, $4, '{}' from dev)
    select count(*)::int as changed from dev`,
};

const LOCK = { name: 'device_lock', text: 'select from device where device_id = $1 for update' };

const REMOVE = {
  name: 'device_remove',
  text: `with
    dev as (
      delete from device where device_id = $1 returning device_id, project_id, current_key),
    old as (
      update public_key set state = 'REVOKED', retired_at = $2 from dev where thumbprint = dev.current_key),
    jt as (
      delete from used_jti using dev where used_jti.device_id = dev.device_id),
    se as (
      delete from device_secret using dev where device_secret.device_id = dev.device_id),
    tk as (
      delete from device_token using dev where device_token.device_id = dev.device_id),
    ir as (
      delete from idempotency_record using dev where idempotency_record.device_id = dev.device_id),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $2, project_id, device_id, 'device.removed', $3, $4, $5, '{}' from dev),
    ob as (
      insert into outbox (occurred_at, project_id, device_id, type, payload)
      select $2, project_id, device_id, 'device.removed', '{}' from dev)
    select count(*)::int as changed from dev`,
};

/** Devices and the history of their keys. */
export class DeviceStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Registers a device with its first key. */
  async create(device: NewDevice, origin: Origin): Promise<CreateDeviceResult> {
    const { key } = device;
    const details = JSON.stringify(key === undefined ? {} : { thumbprint: key.thumbprint });
    try {
      const [row] = await this.#database.run<{ created: number; project_exists: boolean }>(CREATE, [
        device.deviceId, device.projectId, device.nodeId, device.productId, device.updatesAllowed, device.scopes,
        key?.thumbprint ?? null, key?.kind ?? null, key?.spki ?? null, origin.at,
        origin.actor, origin.requestId, origin.peer, details,
      ]);
      if (row?.created === 1) return 'created';
      return row?.project_exists === true ? 'device_exists' : 'project_missing';
    } catch (error) {
      if (violatedConstraint(error) === 'public_key_pkey') return 'key_known';
      throw error;
    }
  }

  async get(deviceId: string): Promise<DeviceRow | undefined> {
    return (await this.#database.read('device_get', (em) => em.findOne(DeviceEntity, { deviceId }))) ?? undefined;
  }

  /** Devices after `after` in the order of their ids. */
  async list(projectId: string | undefined, after: string | undefined, limit: number): Promise<DeviceRow[]> {
    const where = {
      ...(projectId === undefined ? {} : { projectId }),
      ...(after === undefined ? {} : { deviceId: { $gt: after } }),
    };
    return this.#database.read('device_list', (em) => em.find(DeviceEntity, where, { orderBy: { deviceId: 'asc' }, limit }));
  }

  /** Freezes or unfreezes; a device that is so already stays as it is, without an event. */
  async setState(deviceId: string, state: 'ACTIVE' | 'FROZEN', origin: Origin): Promise<void> {
    const action = state === 'FROZEN' ? 'device.frozen' : 'device.unfrozen';
    await this.#database.run(SET_STATE, [deviceId, state, origin.at, action, origin.actor, origin.requestId, origin.peer]);
  }

  /** Removes a device with its secrets, and revokes its key; false if there was no such device. */
  async remove(deviceId: string, origin: Origin): Promise<boolean> {
    return this.#database.transaction(async (run: Run) => {
      // A rotation may be under way. Only a statement that starts after its end sees the key that it wrote.
      await run(LOCK, [deviceId]);
      const [row] = await run<{ changed: number }>(REMOVE, [deviceId, origin.at, origin.actor, origin.requestId, origin.peer]);
      return row?.changed === 1;
    });
  }

  /** Keys of a device, newest first, those before `before` if it is given. */
  async listKeys(deviceId: string, before: bigint | undefined, limit: number): Promise<PublicKeyRow[]> {
    const where = { deviceId, ...(before === undefined ? {} : { ordinal: { $lt: before } }) };
    return this.#database.read('device_key_list', (em) => em.find(PublicKeyEntity, where, { orderBy: { ordinal: 'desc' }, limit }));
  }
}
