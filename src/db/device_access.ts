import type { Sealed } from '../crypto/key_ring.ts';
import type { SecretSlotName } from '../secret_slot.ts';
import type { Database, Run } from './database.ts';
import type { Origin } from './origin.ts';

/** A stored secret of a device. */
export interface StoredSecret extends Sealed {
  /** To the minute. */
  readonly lastUsedAt: Date | undefined;
}

/** What a decision on a device's password needs, from one look-up. */
export interface AccessState {
  readonly projectId: string;
  readonly isFrozen: boolean;
  /** Whether it proves itself by its secrets, and not by a certificate, and has not missed its time to become active. */
  readonly mayEnter: boolean;
  /** Whether it was accepted before. */
  readonly isActive: boolean;
  /** Changes with every change of the device's row. */
  readonly version: string;
  readonly secrets: Readonly<Record<SecretSlotName, StoredSecret | undefined>>;
}

/** A secret that a device was accepted with. */
export interface AccessUse {
  readonly slot: SecretSlotName;
  /** The secret's box as it was read. */
  readonly box: Buffer;
}

export interface NewToken {
  /** The version of the device as it was read. */
  readonly version: string;
  readonly tokenSha256: Buffer;
  readonly expiresAt: Date;
  /** When the tokens before end at the latest. */
  readonly othersExpireAt: Date;
}

/**
 * Whether a device, `d`, is active, or still has time to become so, at a time. By its `timeout` and not by `expires_at`:
 * a gateway whose removal is put off, because of its children, has missed its time all the same.
 */
const isInTime = (now: string): string =>
  `(d.timeout = 0 or d.created_at + make_interval(secs => d.timeout) > ${now} or d.active_at is not null or d.current_key is not null)`;

/** Joined to what is asked for and not to the device, so that an unknown device takes the same look-ups. */
const READ = {
  name: 'device_access_read',
  text: `select d.project_id, d.state, d.active_at, d.xmin::text as version,
      d.auth_type = 'SECRET' and ${isInTime('$2')} as may_enter,
      p.key_id as primary_key_id, p.box as primary_box, p.last_used_at as primary_used_at,
      s.key_id as secondary_key_id, s.box as secondary_box, s.last_used_at as secondary_used_at
    from (select $1::varchar as device_id) asked
    left join device d on d.device_id = asked.device_id
    left join device_secret p on p.device_id = asked.device_id and p.slot = 'PRIMARY'
    left join device_secret s on s.device_id = asked.device_id and s.slot = 'SECONDARY'`,
};

const LOCK_DEVICE = { name: 'device_access_lock_device', text: 'select from device where device_id = $1 for update' };
const LOCK_SECRETS = { name: 'device_access_lock_secrets', text: 'select from device_secret where device_id = $1 order by slot for update' };

/** A device that may be accepted, locked first of all. $4 is the time. */
const DEVICE = `
      select device_id, project_id from device d
      where device_id = $1 and state = 'ACTIVE' and auth_type = 'SECRET' and ${isInTime('$4')}`;

/** A secret that is still the one that was read: neither a reset nor a re-encryption has come between. */
const SECRET = `
      update device_secret set last_used_at = greatest(last_used_at, $4) from dev
      where device_secret.device_id = dev.device_id and slot = $2 and box = $3
      returning dev.device_id, dev.project_id`;

const AUDIT = 'insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)';

const USE = {
  name: 'device_access_use',
  text: `with
    dev as (${DEVICE} for no key update),
    sec as (${SECRET}),
    act as (
      update device set active_at = $4, expires_at = null from sec
      where device.device_id = sec.device_id and active_at is null
      returning sec.device_id, sec.project_id),
    au as (
      ${AUDIT}
      select $4, project_id, device_id, 'device.activated', $5, $6, $7, '{}' from act)
    select count(*)::int as changed from sec`,
};

/**
 * The device's row is written each time and must be the one that was read. So
 * of two at once the second fails: it could not see the token of the first,
 * and would leave it as it is. Tokens that the device got with its key have a
 * chain, and live to their own end (contracts/iothentix.md 8.2).
 */
const ISSUE = {
  name: 'device_access_issue',
  text: `with
    dev as (${DEVICE} and xmin = $8::text::xid for no key update),
    sec as (${SECRET}),
    act as (
      update device set active_at = coalesce(active_at, $4), expires_at = null from sec where device.device_id = sec.device_id),
    old as (
      update device_token set expires_at = $11 from sec
      where device_token.device_id = sec.device_id and chain_id is null and expires_at > $11),
    neu as (
      insert into device_token (token_sha256, device_id, issued_at, expires_at) select $9, device_id, $4, $10 from sec),
    au as (
      ${AUDIT}
      select $4, project_id, device_id, 'device_token.issued', $5, $6, $7, json_build_object('slot', $2::text) from sec)
    select count(*)::int as changed from sec`,
};

/** One device, for as long as a decision on it takes. */
export class DeviceAccess {
  readonly #run: Run;
  readonly #deviceId: string;

  constructor(run: Run, deviceId: string) {
    this.#run = run;
    this.#deviceId = deviceId;
  }

  /** Undefined if there is no such device. */
  async read(now: Date): Promise<AccessState | undefined> {
    const [row] = await this.#run<ReadRow>(READ, [this.#deviceId, now]);
    return row === undefined || row.project_id === null ? undefined : stateOf({ ...row, project_id: row.project_id });
  }

  /** Records that a secret was used, and that the device is active; false if device or secret have changed. */
  async use({ slot, box }: AccessUse, origin: Origin): Promise<boolean> {
    const values = [this.#deviceId, slot, box, origin.at, origin.actor, origin.requestId, origin.peer];
    const [row] = await this.#run<{ changed: number }>(USE, values);
    return row?.changed === 1;
  }

  /** Records the same with an access token; false, and nothing is stored, if device or secret have changed. */
  async issue({ slot, box }: AccessUse, token: NewToken, origin: Origin): Promise<boolean> {
    const values = [
      this.#deviceId, slot, box, origin.at, origin.actor, origin.requestId, origin.peer,
      token.version, token.tokenSha256, token.expiresAt, token.othersExpireAt,
    ];
    const [row] = await this.#run<{ changed: number }>(ISSUE, values);
    return row?.changed === 1;
  }
}

/** Devices and their secrets, for those who ask whether a device may come in. */
export class DeviceAccessStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Runs an attempt that reads, decides and writes, which takes one round trip
   * each. If it answers undefined, because what it had read was changed
   * before it wrote, it runs once more while nothing can change.
   */
  async settle<T>(deviceId: string, attempt: (access: DeviceAccess) => Promise<T | undefined>): Promise<T> {
    const first = await attempt(new DeviceAccess(this.#database.run, deviceId));
    if (first !== undefined) return first;
    return this.#database.transaction(async (run) => {
      await run(LOCK_DEVICE, [deviceId]);
      await run(LOCK_SECRETS, [deviceId]);
      const second = await attempt(new DeviceAccess(run, deviceId));
      if (second === undefined) throw new Error('a locked device has changed');
      return second;
    });
  }
}

interface ReadRow {
  project_id: string | null;
  state: string | null;
  active_at: Date | null;
  version: string | null;
  may_enter: boolean | null;
  primary_key_id: string | null;
  primary_box: Buffer | null;
  primary_used_at: Date | null;
  secondary_key_id: string | null;
  secondary_box: Buffer | null;
  secondary_used_at: Date | null;
}

function stateOf(row: ReadRow & { project_id: string }): AccessState {
  return {
    projectId: row.project_id,
    isFrozen: row.state !== 'ACTIVE',
    mayEnter: row.may_enter === true,
    isActive: row.active_at !== null,
    version: row.version ?? '',
    secrets: {
      PRIMARY: secretOf(row.primary_key_id, row.primary_box, row.primary_used_at),
      SECONDARY: secretOf(row.secondary_key_id, row.secondary_box, row.secondary_used_at),
    },
  };
}

function secretOf(keyId: string | null, box: Buffer | null, usedAt: Date | null): StoredSecret | undefined {
  return keyId === null || box === null ? undefined : { keyId, box, lastUsedAt: usedAt ?? undefined };
}
