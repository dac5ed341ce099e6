import { isDeepStrictEqual } from 'node:util';
import type { Sealed } from '../crypto/key_ring.ts';
import { violatedConstraint } from './database.ts';
import type { Database, Run } from './database.ts';
import { DeviceEntity, PublicKeyEntity } from './entities.ts';
import type { DeviceRow, PublicKeyRow } from './entities.ts';
import { removalOf } from './device_removal.ts';
import { valuesOf } from './origin.ts';
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
  /** Its primary secret, if it has one. */
  readonly secret: { readonly sealed: Sealed; readonly isHexadecimal: boolean } | undefined;
}

/** `secret_refused`: devices of the product have hexadecimal secrets. */
export type CreateDeviceResult = 'created' | 'device_exists' | 'key_known' | 'project_missing' | 'secret_refused';

/** What is known of a secret of a device besides its value. */
export interface DeviceSecretInfo {
  readonly slot: 'PRIMARY' | 'SECONDARY';
  readonly setAt: Date;
  readonly lastUsedAt: Date | null;
  readonly keyId: string;
}

const CREATE = {
  name: 'device_create',
  text: `with
    hexadecimal as (
      select from product where project_id = $2 and product_id = $4 and nb_iot),
    dev as (
      insert into device (device_id, project_id, node_id, product_id, state, updates_allowed, scopes, current_key, created_at, updated_at, record_id)
      select $1, project_id, $3, $4, 'ACTIVE', $5, $6, $7, $10, $10, ${recordIdAt('$10')} from project
      where project_id = $2 and not ($17 and exists (select from hexadecimal))
      on conflict (device_id) do nothing
      returning device_id, project_id),
    neu as (
      insert into public_key (thumbprint, device_id, state, kind, spki, activated_at)
      select $7, device_id, 'CURRENT', $8, $9, $10 from dev where $7 is not null),
    sec as (
      insert into device_secret (device_id, slot, key_id, box, set_at)
      select device_id, 'PRIMARY', $15::text, $16, $10 from dev where $15 is not null),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $10, project_id, device_id, 'device.created', $11, $12, $13, $14::json from dev),
    ob as (
      insert into outbox (occurred_at, project_id, device_id, type, payload)
      select $10, project_id, device_id, 'device.created', $14::json from dev)
    select (select count(*) from dev)::int as created, exists (select from project where project_id = $2) as project_exists,
      $17 and exists (select from hexadecimal) as secret_refused`,
};

const LOCK = {
  name: 'device_lock',
  text: `select state, gateway_id, scopes from device where device_id = $1 and project_id = coalesce($2, project_id) for update`,
};

/** With the access tokens of a device that is frozen, and the event that closes its session. */
const SET_STATE = {
  name: 'device_set_state',
  text: `with
    dev as (
      update device set state = $6, updated_at = $1 where device_id = $5 returning device_id, project_id),
    tk as (
      delete from device_token using dev where device_token.device_id = dev.device_id and $6 = 'FROZEN'),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $1, project_id, device_id, $7, $2, $3, $4, '{}' from dev)
    insert into outbox (occurred_at, project_id, device_id, type, payload)
      select $1, project_id, device_id, event, '{}' from dev, unnest($8::text[]) event`,
};

/**
 * With the tokens that grant a word which is gone, and the chains that began with one, so that what is left of them is
 * not renewed. Chains are found by the tokens of the device, because without a token nobody can renew anything.
 */
const SET_SCOPES = {
  name: 'device_set_scopes',
  text: `with
    dev as (
      update device set scopes = $6, updated_at = $1 where device_id = $5 returning device_id, project_id),
    ch as (
      delete from device_token_chain
      where chain_id in (select chain_id from device_token where device_id = $5) and not scopes <@ $6::text[]),
    tk as (
      delete from device_token where device_id = $5 and chain_id is not null and not scopes <@ $6::text[]),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $1, project_id, device_id, 'device.scopes_set', $2, $3, $4, json_build_object('scopes', array_to_string($6::text[], ' ')) from dev)
    insert into outbox (occurred_at, project_id, device_id, type, payload)
      select $1, project_id, device_id, 'device.scopes_set', '{}' from dev`,
};

const REMOVE = { name: 'device_remove', text: removalOf('device.device_id = $6') };

/** What became of a change of a device's state; only `changed` has left an event. */
export type SetStateResult = 'changed' | 'unchanged' | 'missing' | 'is_child';
export type SetScopesResult = 'changed' | 'unchanged' | 'missing';
export type RemoveResult = 'removed' | 'missing' | 'has_children';

/** Which devices a caller may change: all of them, or those of one project. */
export interface Reach {
  readonly projectId?: string;
}

const LIST_SECRETS = {
  name: 'device_list_secrets',
  text: `select s.slot, s.set_at as "setAt", s.last_used_at as "lastUsedAt", s.key_id as "keyId"
    from device d left join device_secret s on s.device_id = d.device_id where d.device_id = $1`,
};

/** Devices and the history of their keys. */
export class DeviceStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Registers a device with its first key and its primary secret. */
  async create(device: NewDevice, origin: Origin): Promise<CreateDeviceResult> {
    const { key, secret } = device;
    const details = JSON.stringify(key === undefined ? {} : { thumbprint: key.thumbprint });
    try {
      const [row] = await this.#database.run<{ created: number; project_exists: boolean; secret_refused: boolean }>(CREATE, [
        device.deviceId, device.projectId, device.nodeId, device.productId, device.updatesAllowed, device.scopes,
        key?.thumbprint ?? null, key?.kind ?? null, key?.spki ?? null, origin.at,
        origin.actor, origin.requestId, origin.peer, details,
        secret?.sealed.keyId ?? null, secret?.sealed.box ?? null, secret?.isHexadecimal === false,
      ]);
      if (row?.created === 1) return 'created';
      if (row?.secret_refused === true) return 'secret_refused';
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

  /**
   * Freezes a device, which ends its session and its access tokens, or unfreezes it. One that is so already stays as it
   * is, without an event. `is_child`: a child was to be frozen within the reach of a project, which cannot be.
   */
  async setState(deviceId: string, state: 'ACTIVE' | 'FROZEN', origin: Origin, { projectId }: Reach = {}): Promise<SetStateResult> {
    return this.#database.transaction(async (run: Run) => {
      const device = await lock(run, deviceId, projectId);
      if (device === undefined) return 'missing';
      if (projectId !== undefined && state === 'FROZEN' && device.gateway_id !== null) return 'is_child';
      if (device.state === state) return 'unchanged';
      const events = state === 'FROZEN' ? ['device.frozen', 'session.close'] : ['device.unfrozen'];
      await run(SET_STATE, [...valuesOf(origin), deviceId, state, events[0], events]);
      return 'changed';
    });
  }

  /**
   * Sets the scopes of a device, which ends the tokens that grant others. One that has the same in the same order stays
   * as it is, without an event.
   */
  async setScopes(deviceId: string, scopes: readonly string[], origin: Origin): Promise<SetScopesResult> {
    return this.#database.transaction(async (run: Run) => {
      const device = await lock(run, deviceId, undefined);
      if (device === undefined) return 'missing';
      if (isDeepStrictEqual(device.scopes, scopes)) return 'unchanged';
      await run(SET_SCOPES, [...valuesOf(origin), deviceId, scopes]);
      return 'changed';
    });
  }

  /** Removes a device with its secrets and tokens and revokes its key, unless it has children. */
  async remove(deviceId: string, origin: Origin, { projectId }: Reach = {}): Promise<RemoveResult> {
    return this.#database.transaction(async (run: Run) => {
      if ((await lock(run, deviceId, projectId)) === undefined) return 'missing';
      const [row] = await run<{ removed: number }>(REMOVE, [...valuesOf(origin), '{}', deviceId]);
      return row?.removed === 1 ? 'removed' : 'has_children';
    });
  }

  /** Its secrets, the primary first; undefined if there is no such device. */
  async listSecrets(deviceId: string): Promise<DeviceSecretInfo[] | undefined> {
    const rows = await this.#database.run<DeviceSecretInfo | { slot: null }>(LIST_SECRETS, [deviceId]);
    const secrets = rows.filter((row) => row.slot !== null).toSorted((one, other) => one.slot.localeCompare(other.slot));
    return rows.length === 0 ? undefined : secrets;
  }

  /** Keys of a device, newest first, those before `before` if it is given. */
  async listKeys(deviceId: string, before: bigint | undefined, limit: number): Promise<PublicKeyRow[]> {
    const where = { deviceId, ...(before === undefined ? {} : { ordinal: { $lt: before } }) };
    return this.#database.read('device_key_list', (em) => em.find(PublicKeyEntity, where, { orderBy: { ordinal: 'desc' }, limit }));
  }
}

/**
 * A rotation, an authentication or the registration of a child may be under way.
 * Only a statement that starts after its end sees the key, token or device that it wrote.
 */
async function lock(run: Run, deviceId: string, projectId: string | undefined): Promise<LockedDevice | undefined> {
  const [row] = await run<LockedDevice>(LOCK, [deviceId, projectId ?? null]);
  return row;
}

interface LockedDevice extends Record<string, unknown> {
  readonly state: string;
  readonly gateway_id: string | null;
  readonly scopes: readonly string[];
}
