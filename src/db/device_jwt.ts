import { violatedConstraint } from './database.ts';
import type { Run } from './database.ts';
import { valuesOf } from './origin.ts';
import type { Origin } from './origin.ts';

/** All that the check of an authentication JWT needs, from one look-up. */
export interface SignerState {
  readonly projectId: string;
  readonly frozen: boolean;
  readonly scopes: readonly string[];
  /** SubjectPublicKeyInfo of the current key; undefined if the device has none. */
  readonly currentSpki: Buffer | undefined;
  /** Whether the device has used this `jti`. */
  readonly jtiUsed: boolean;
}

/** A verified JWT that is to be spent. */
export interface SpentJwt {
  readonly deviceId: string;
  /** In lower case. */
  readonly jti: string;
  /** Of the key that has verified it. */
  readonly thumbprint: string;
}

/** `overtaken`: the device does not have the key any more, or is frozen; nothing has changed. */
export type SpendResult = 'spent' | 'overtaken' | 'jti_used';

const READ = {
  name: 'device_jwt_read',
  text: `select d.project_id, d.state, d.scopes, k.spki as current_spki, j.jti is not null as jti_used
    from device d
    left join public_key k on k.thumbprint = d.current_key
    left join used_jti j on j.device_id = d.device_id and j.jti = $2
    where d.device_id = $1`,
};

/** The device, locked first of all, as far as it still has the key and is not frozen. */
export const SIGNER = `
      select device_id, project_id from device where device_id = $5 and current_key = $7 and state = 'ACTIVE' for no key update`;

/** The `jti` of a JWT that `dev` has signed. */
export const USED_JTI = `
      insert into used_jti (device_id, jti, thumbprint, used_at) select device_id, $6, $7, $1 from dev`;

const SPEND = {
  name: 'device_jwt_spend',
  text: `with
    dev as (${SIGNER}),
    jt as (${USED_JTI}),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $1, project_id, device_id, 'device_jwt.verified', $2, $3, $4, json_build_object('jti', $6::text) from dev)
    select count(*)::int as changed from dev`,
};

/** Authentication JWTs of devices (contracts/iothentix.md section 5): one `jti` store for all calls that take a JWT. */
export class DeviceJwtStore {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /** Reads what the check needs, or undefined if there is no such device. */
  async read(deviceId: string, jti: string): Promise<SignerState | undefined> {
    const [row] = await this.#run<ReadRow>(READ, [deviceId, jti]);
    if (row === undefined) return undefined;
    return {
      projectId: row.project_id,
      frozen: row.state !== 'ACTIVE',
      scopes: row.scopes,
      currentSpki: row.current_spki ?? undefined,
      jtiUsed: row.jti_used,
    };
  }

  /** Records that a JWT was verified, in one statement with its audit event. */
  async spend({ deviceId, jti, thumbprint }: SpentJwt, origin: Origin): Promise<SpendResult> {
    try {
      const [row] = await this.#run<{ changed: number }>(SPEND, [...valuesOf(origin), deviceId, jti, thumbprint]);
      return row?.changed === 1 ? 'spent' : 'overtaken';
    } catch (error) {
      if (violatedConstraint(error) === 'used_jti_pkey') return 'jti_used';
      throw error;
    }
  }
}

interface ReadRow {
  project_id: string;
  state: string;
  scopes: string[];
  current_spki: Buffer | null;
  jti_used: boolean;
}
