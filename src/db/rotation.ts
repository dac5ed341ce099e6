import type { AtFaultPoint } from '../fault_points.ts';
import { violatedConstraint } from './database.ts';
import type { Run, Statement } from './database.ts';
import type { Origin } from './origin.ts';
import { settledChange } from './settled.ts';

/** All that the checks of a rotation need, from one look-up. */
export interface RotationState {
  readonly frozen: boolean;
  readonly updatesAllowed: boolean;
  /** SubjectPublicKeyInfo of the current key; undefined if the device has none. */
  readonly currentSpki: Buffer | undefined;
  readonly currentThumbprint: string | undefined;
  /** Whether the device has used this `jti`. */
  readonly jtiUsed: boolean;
  /** The rotation that this very JWT has made, if it has made one. */
  readonly committed: CommittedRotation | undefined;
  /** The oldest of the latest `limit` rotations within the window, if there are so many. */
  readonly limitReachedBy: Date | undefined;
}

export interface CommittedRotation {
  readonly rotationId: string;
  readonly newThumbprint: string;
  readonly replacedSpki: Buffer;
}

export interface RotationKey {
  readonly deviceId: string;
  readonly jwtSha256: Buffer;
  readonly jti: string;
}

/** At most `count` rotations of a device since `since`. */
export interface RotationLimit {
  readonly count: number;
  readonly since: Date;
}

export interface NewRotation extends RotationKey {
  readonly rotationId: string;
  readonly oldThumbprint: string;
  readonly newThumbprint: string;
  readonly newKind: string;
  readonly newSpki: Buffer;
}

/**
 * What became of a rotation. `overtaken`: the device no longer has the old key,
 * or is frozen, or may not update; nothing has changed.
 */
export type RotationResult = 'rotated' | 'overtaken' | 'key_known' | 'jti_used';

const READ = {
  name: 'rotation_read',
  text: `select d.state, d.updates_allowed, d.current_key, k.spki as current_spki, j.jti is not null as jti_used,
      r.rotation_id, r.new_thumbprint, o.spki as replaced_spki, null::timestamptz as limit_reached_by
    from device d
    left join public_key k on k.thumbprint = d.current_key
    left join rotation r on r.device_id = d.device_id and r.jwt_sha256 = $2
    left join public_key o on o.thumbprint = r.old_thumbprint
    left join used_jti j on j.device_id = d.device_id and j.jti = $3
    where d.device_id = $1`,
};

const READ_WITH_LIMIT = {
  name: 'rotation_read_with_limit',
  text: READ.text.replace(
    'null::timestamptz',
    '(select l.rotated_at from rotation l where l.device_id = d.device_id and l.rotated_at > $5 order by l.rotated_at desc offset $4 limit 1)',
  ),
};

/**
 * Every insert selects from `dev`, so the lock of the device's row comes first,
 * and a loser of a race, whose `dev` is empty, writes nothing at all.
 */
const WRITE: Statement = {
  name: 'rotation_write',
  text: `with
    dev as (
      update device set current_key = $3, updated_at = $9
      where device_id = $1 and current_key = $2 and state = 'ACTIVE' and updates_allowed
      returning device_id, project_id),
    old as (
      update public_key set state = 'RETIRED', retired_at = $9 from dev where thumbprint = $2),
    neu as (
      insert into public_key (thumbprint, device_id, state, kind, spki, activated_at, rotation_id)
      select $3, device_id, 'CURRENT', $4, $5, $9, $8 from dev),
    jt as (
      insert into used_jti (device_id, jti, thumbprint, used_at) select device_id, $7, $2, $9 from dev),
    ro as (
      insert into rotation (device_id, jwt_sha256, rotation_id, jti, old_thumbprint, new_thumbprint, rotated_at)
      select device_id, $6, $8, $7, $2, $3, $9 from dev),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $9, project_id, device_id, 'device_key.rotated', $10, $11, $12, $13::json from dev),
    ob as (
      insert into outbox (occurred_at, project_id, device_id, type, payload)
      select $9, project_id, device_id, 'device_key.rotated', $13::json from dev)
    select count(*)::int as changed from dev`,
};

/** Rotations of device keys (contracts/iothentix.md 7.2): one read, one write. */
export class RotationStore {
  readonly #run: Run;
  readonly #atFaultPoint: AtFaultPoint | undefined;

  constructor(run: Run, atFaultPoint?: AtFaultPoint) {
    this.#run = run;
    this.#atFaultPoint = atFaultPoint;
  }

  /** Reads what the checks need, or undefined if there is no such device. */
  async read(key: RotationKey, limit?: RotationLimit): Promise<RotationState | undefined> {
    const values = [key.deviceId, key.jwtSha256, key.jti];
    const [row] = await (limit === undefined
      ? this.#run<ReadRow>(READ, values)
      : this.#run<ReadRow>(READ_WITH_LIMIT, [...values, limit.count - 1, limit.since]));
    return row === undefined ? undefined : stateOf(row);
  }

  /**
   * Replaces the current key in one statement, with its history, `jti`,
   * rotation, audit and outbox rows. Where the connection is lost on the way,
   * the outcome is read back on another one; if that fails too, throws
   * Unavailable, and the identical request settles it.
   */
  async write(rotation: NewRotation, origin: Origin): Promise<RotationResult> {
    const details = JSON.stringify({
      jti: rotation.jti,
      old_thumbprint: rotation.oldThumbprint,
      new_thumbprint: rotation.newThumbprint,
    });
    const values = [
      rotation.deviceId, rotation.oldThumbprint, rotation.newThumbprint, rotation.newKind, rotation.newSpki,
      rotation.jwtSha256, rotation.jti, rotation.rotationId, origin.at, origin.actor, origin.requestId, origin.peer, details,
    ];
    try {
      return (await settledChange(() => this.#changes(values), () => this.#isCommitted(rotation), this.#atFaultPoint)) ? 'rotated' : 'overtaken';
    } catch (error) {
      const constraint = violatedConstraint(error);
      if (constraint === 'public_key_pkey') return 'key_known';
      if (constraint === 'used_jti_pkey' || constraint === 'rotation_pkey') return 'jti_used';
      throw error;
    }
  }

  async #changes(values: readonly unknown[]): Promise<boolean> {
    const [row] = await this.#run<{ changed: number }>(WRITE, values);
    return row?.changed === 1;
  }

  async #isCommitted(rotation: NewRotation): Promise<boolean> {
    const state = await this.read(rotation);
    return state?.committed?.rotationId === rotation.rotationId;
  }
}

interface ReadRow {
  state: string;
  updates_allowed: boolean;
  current_key: string | null;
  current_spki: Buffer | null;
  jti_used: boolean;
  rotation_id: string | null;
  new_thumbprint: string | null;
  replaced_spki: Buffer | null;
  limit_reached_by: Date | null;
}

function stateOf(row: ReadRow): RotationState {
  const { rotation_id: rotationId, new_thumbprint: newThumbprint, replaced_spki: replacedSpki } = row;
  const isCommitted = rotationId !== null && newThumbprint !== null && replacedSpki !== null;
  return {
    frozen: row.state !== 'ACTIVE',
    updatesAllowed: row.updates_allowed,
    currentSpki: row.current_spki ?? undefined,
    currentThumbprint: row.current_key ?? undefined,
    jtiUsed: row.jti_used,
    committed: isCommitted ? { rotationId, newThumbprint, replacedSpki } : undefined,
    limitReachedBy: row.limit_reached_by ?? undefined,
  };
}
