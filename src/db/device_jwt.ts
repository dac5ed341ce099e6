import { randomUUID } from 'node:crypto';
import type { AtFaultPoint } from '../fault_points.ts';
import { violatedConstraint } from './database.ts';
import type { Run } from './database.ts';
import { valuesOf } from './origin.ts';
import type { Origin } from './origin.ts';
import { settledChange } from './settled.ts';

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

/** The device, locked first of all, as far as it still has the key and is not frozen, and a further condition holds. */
export const signer = (condition = 'true'): string => `
      select device_id, project_id from device where device_id = $5 and current_key = $7 and state = 'ACTIVE' and ${condition} for no key update`;

/** The `jti` of a JWT that `dev` has signed, with the `verificationId` of a check of it. */
export const usedJti = (verificationId: string): string => `
      insert into used_jti (device_id, jti, thumbprint, used_at, verification_id) select device_id, $6, $7, $1, ${verificationId} from dev`;

const SPEND = {
  name: 'device_jwt_spend',
  text: `with
    dev as (${signer()}),
    jt as (${usedJti('$8')}),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $1, project_id, device_id, 'device_jwt.verified', $2, $3, $4, json_build_object('jti', $6::text) from dev)
    select count(*)::int as changed from dev`,
};

const IS_OWN = { name: 'device_jwt_is_own', text: 'select from used_jti where device_id = $1 and jti = $2 and verification_id = $3' };

/** Authentication JWTs of devices (contracts/iothentix.md section 5): one `jti` store for all calls that take a JWT. */
export class DeviceJwtStore {
  readonly #run: Run;
  readonly #atFaultPoint: AtFaultPoint | undefined;

  constructor(run: Run, atFaultPoint?: AtFaultPoint) {
    this.#run = run;
    this.#atFaultPoint = atFaultPoint;
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

  /**
   * Records that a JWT was verified, in one statement with its audit event.
   * Where the connection is lost on the way, the entry is looked for on another
   * one: it has a mark by which no other check takes it for its own. If it is
   * not there, throws Unavailable; the same JWT may then be spent or not.
   */
  async spend({ deviceId, jti, thumbprint }: SpentJwt, origin: Origin): Promise<SpendResult> {
    const verificationId = randomUUID();
    const write = async (): Promise<boolean> => {
      const [row] = await this.#run<{ changed: number }>(SPEND, [...valuesOf(origin), deviceId, jti, thumbprint, verificationId]);
      return row?.changed === 1;
    };
    const isOwn = async (): Promise<boolean> => (await this.#run(IS_OWN, [deviceId, jti, verificationId])).length === 1;
    try {
      return (await settledChange(write, isOwn, this.#atFaultPoint)) ? 'spent' : 'overtaken';
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
