import type { Sealed } from '../crypto/key_ring.ts';
import type { AtFaultPoint } from '../fault_points.ts';
import type { SecretSlotName } from '../secret_slot.ts';
import { Unavailable } from '../unavailable.ts';
import type { Database, Run, Statement } from './database.ts';
import type { Origin } from './origin.ts';
import { settled } from './settled.ts';

/** The answer to a call that may be repeated, and the digest of the body that it answers. */
export interface IdempotencyRecord {
  readonly bodySha256: Buffer;
  readonly answer: Sealed;
}

/** A record as a call writes it. */
export interface NewIdempotencyRecord extends IdempotencyRecord {
  readonly key: string;
  readonly expiresAt: Date;
}

export interface SecretReset {
  readonly projectId: string;
  readonly deviceId: string;
  readonly slot: SecretSlotName;
  readonly secret: Sealed;
  /** Whether the secret is one that a device of an NB-IoT product can have. */
  readonly isHexadecimal: boolean;
  readonly forceDisconnect: boolean;
  readonly record: NewIdempotencyRecord | undefined;
}

/**
 * What became of a reset; unless it is `reset`, nothing has changed. `unfit`:
 * a device of this product cannot have such a secret. `known`: the idempotency
 * key has its answer already.
 */
export type SecretResetResult =
  | { readonly outcome: 'reset' | 'device_missing' | 'unfit' }
  | { readonly outcome: 'known'; readonly record: IdempotencyRecord };

/** The action that idempotency keys of a reset belong to. */
export const RESET_ACTION = 'resetSecret';

/**
 * The row of the device is locked first, in `dev`, and all else selects from
 * it, so that resets of one device come one after the other; what `dev` says of
 * the row is newer than this statement's snapshot, if it had to wait. `claim`
 * finds the record of another call whether or not the snapshot has it.
 */
const RESET: Statement = {
  name: 'device_secret_reset',
  text: `with
    dev as (
      select d.device_id, d.project_id, d.gateway_id, d.auth_type,
        coalesce(p.protocol_type = 'CoAP' and $3::text = 'SECONDARY', false) or coalesce(p.nb_iot and not $4::boolean, false) as unfit
      from device d left join product p on p.project_id = d.project_id and p.product_id = d.product_id
      where d.device_id = $1 and d.project_id = $2
      for update of d),
    claim as (
      insert into idempotency_record (device_id, action, key, body_sha256, key_id, box, created_at, expires_at)
      select device_id, '${RESET_ACTION}', $8::text, $9, $10, $11, $13, $12 from dev where not unfit and $8::text is not null
      on conflict (device_id, action, key) do update
        set body_sha256 = excluded.body_sha256, key_id = excluded.key_id, box = excluded.box,
          created_at = excluded.created_at, expires_at = excluded.expires_at
        where idempotency_record.expires_at <= $13
      returning device_id),
    go as (
      select device_id, project_id, gateway_id, auth_type from dev where not unfit and ($8::text is null or exists (select from claim))),
    secret as (
      insert into device_secret (device_id, slot, key_id, box, set_at)
      select device_id, $3::text, $5, $6, $13 from go
      on conflict (device_id, slot) do update
        set key_id = excluded.key_id, box = excluded.box, set_at = excluded.set_at, last_used_at = null),
    auth_type as (
      update device set auth_type = 'SECRET' from go
      where device.device_id = go.device_id and go.auth_type <> 'SECRET' and $3::text = 'PRIMARY'),
    token as (
      delete from device_token using go where device_token.device_id = go.device_id and $7::boolean),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $13, project_id, device_id, 'device_secret.reset', $14, $15, $16, $17::json from go),
    ob as (
      insert into outbox (occurred_at, project_id, device_id, type, payload)
      select $13, project_id, device_id, event.type, event.payload
      from go, (values ('device_secret.reset', $18::json), ('session.close', '{}'::json)) as event (type, payload)
      where event.type <> 'session.close' or ($7::boolean and gateway_id is null))
    select (select unfit from dev) as unfit, exists (select from go) as changed`,
};

const LOCK: Statement = { name: 'device_secret_lock', text: 'select from device where device_id = $1 and project_id = $2 for update' };

/** After a lost connection nobody has seen yet whether the device is one of the caller's project. */
const READ_RECORD: Statement = {
  name: 'idempotency_record_read',
  text: `select body_sha256, key_id, box from device join idempotency_record using (device_id)
    where device_id = $1 and project_id = $2 and action = '${RESET_ACTION}' and key = $3 and idempotency_record.expires_at > $4`,
};

const READ_BOX: Statement = { name: 'device_secret_read_box', text: 'select box from device_secret where device_id = $1 and slot = $2' };

/** How often a record may be gone again that has just been found, because it has expired or its device was removed. */
const MOST_ATTEMPTS = 5;

/** Secrets of devices, and the answers to resets that may be repeated (contracts/iotda.md sections 5.3 and 5.4). */
export class DeviceSecretStore {
  readonly #database: Pick<Database, 'run' | 'transaction'>;
  readonly #atFaultPoint: AtFaultPoint | undefined;

  constructor(database: Pick<Database, 'run' | 'transaction'>, atFaultPoint?: AtFaultPoint) {
    this.#database = database;
    this.#atFaultPoint = atFaultPoint;
  }

  /**
   * Resets a secret in one statement, with the claim of its idempotency key,
   * its audit and outbox rows. Where the connection is lost on the way, the
   * outcome is read back on another one; if that does not settle it, throws
   * Unavailable.
   */
  async reset(reset: SecretReset, origin: Origin): Promise<SecretResetResult> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const { unfit, changed } = await this.#write(reset, origin);
      if (changed) return { outcome: 'reset' };
      if (unfit === null) return { outcome: 'device_missing' };
      if (unfit || reset.record === undefined) return { outcome: 'unfit' };
      const record = await this.#readRecord(reset, reset.record.key, origin.at);
      if (record !== undefined) return isOwn(record, reset.record) ? { outcome: 'reset' } : { outcome: 'known', record };
    }
    throw new Unavailable('the record of an idempotency key comes and goes');
  }

  #write(reset: SecretReset, origin: Origin): Promise<Written> {
    const values = valuesOf(reset, origin);
    const write = async (): Promise<Written> => {
      const [row] = await (reset.forceDisconnect ? this.#writeLocked(reset, values) : this.#database.run<Written>(RESET, values));
      if (row === undefined) throw new Error('a reset tells nothing of its outcome');
      return row;
    };
    return settled(write, () => this.#readBack(reset, origin.at), this.#atFaultPoint);
  }

  /** An access token that was issued while this call waited for the device is not in the snapshot of one statement. */
  #writeLocked({ deviceId, projectId }: SecretReset, values: readonly unknown[]): Promise<Written[]> {
    return this.#database.transaction(async (run: Run) => {
      await run(LOCK, [deviceId, projectId]);
      return run<Written>(RESET, values);
    });
  }

  /** What was sent on a lost connection, if it is there. */
  async #readBack(reset: SecretReset, now: Date): Promise<Written | undefined> {
    if (reset.record === undefined) {
      const [row] = await this.#database.run<{ box: Buffer }>(READ_BOX, [reset.deviceId, reset.slot]);
      return row?.box.equals(reset.secret.box) ? { unfit: false, changed: true } : undefined;
    }
    return (await this.#readRecord(reset, reset.record.key, now)) === undefined ? undefined : { unfit: false, changed: false };
  }

  async #readRecord({ deviceId, projectId }: SecretReset, key: string, now: Date): Promise<IdempotencyRecord | undefined> {
    const [row] = await this.#database.run<RecordRow>(READ_RECORD, [deviceId, projectId, key, now]);
    return row && { bodySha256: row.body_sha256, answer: { keyId: row.key_id, box: row.box } };
  }
}

/** `unfit` is null if there is no such device. */
interface Written {
  unfit: boolean | null;
  changed: boolean;
}

interface RecordRow {
  body_sha256: Buffer;
  key_id: string;
  box: Buffer;
}

/** No two seals make the same bytes. */
function isOwn({ answer }: IdempotencyRecord, written: NewIdempotencyRecord): boolean {
  return answer.box.equals(written.answer.box);
}

function valuesOf({ deviceId, projectId, slot, secret, isHexadecimal, forceDisconnect, record }: SecretReset, origin: Origin): readonly unknown[] {
  return [
    deviceId, projectId, slot, isHexadecimal, secret.keyId, secret.box, forceDisconnect,
    record?.key ?? null, record?.bodySha256 ?? null, record?.answer.keyId ?? null, record?.answer.box ?? null, record?.expiresAt ?? null,
    origin.at, origin.actor, origin.requestId, origin.peer,
    JSON.stringify({ slot, force_disconnect: String(forceDisconnect) }), JSON.stringify({ slot }),
  ];
}
