import type { AtFaultPoint } from '../fault_points.ts';
import { violatedConstraint } from './database.ts';
import type { Run } from './database.ts';
import { signer, usedJti } from './device_jwt.ts';
import type { SpendResult, SpentJwt } from './device_jwt.ts';
import { valuesOf } from './origin.ts';
import type { Origin } from './origin.ts';
import { settledChange, settled } from './settled.ts';

/** A token that is to be stored. */
export interface NewDeviceToken {
  readonly tokenSha256: Buffer;
  readonly scopes: readonly string[];
  readonly expiresAt: Date;
}

/** The first token of a chain. */
export interface FirstToken extends NewDeviceToken {
  readonly chainId: string;
}

/** A token that counts. */
export interface TokenState {
  readonly deviceId: string;
  readonly scopes: readonly string[];
  readonly expiresAt: Date;
}

/** A token that counts and may be renewed. */
export interface RenewableToken extends TokenState {
  readonly tokenSha256: Buffer;
  /** Those of the first token. */
  readonly firstScopes: readonly string[];
  /** So many there were since the first token. */
  readonly renewals: number;
}

/** `ended`: the earlier token does not count any more. `exhausted`: no renewals are left. Nothing has changed. */
export type RenewResult = 'renewed' | 'ended' | 'exhausted';

const AUDIT = 'insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)';

/** The device may have lost a scope word since it was read: none that it does not have is granted. */
const ISSUE = {
  name: 'device_token_issue',
  text: `with
    dev as (${signer('scopes @> $9::text[]')}),
    jt as (${usedJti('null')}),
    ch as (
      insert into device_token_chain (chain_id, device_id, scopes, renewals, expires_at) select $8, device_id, $9, 0, $11 from dev),
    neu as (
      insert into device_token (token_sha256, device_id, issued_at, expires_at, scopes, chain_id) select $10, device_id, $1, $11, $9, $8 from dev),
    au as (
      ${AUDIT}
      select $1, project_id, device_id, 'device_token.issued', $2, $3, $4, $12::json from dev)
    select count(*)::int as changed from dev`,
};

const FIND = {
  name: 'device_token_find',
  text: `select device_id as "deviceId", scopes, expires_at as "expiresAt" from device_token where token_sha256 = $1 and expires_at > $2`,
};

const FIND_RENEWABLE = {
  name: 'device_token_find_renewable',
  text: `select t.token_sha256 as "tokenSha256", t.device_id as "deviceId", t.scopes, t.expires_at as "expiresAt", c.scopes as "firstScopes", c.renewals
    from device_token t join device_token_chain c on c.chain_id = t.chain_id
    where t.token_sha256 = $1 and t.expires_at > $2`,
};

const EXISTS = { name: 'device_token_exists', text: 'select from device_token where token_sha256 = $1' };

/**
 * The device's row is locked first, as by those who end its tokens; then the
 * earlier token and its chain, so that one which was deleted meanwhile, or has
 * expired and was cleared away, is not renewed and has not run out of renewals
 * either. The count of the chain is exact however many renew at once.
 */
const RENEW = {
  name: 'device_token_renew',
  text: `with
    dev as (
      select device_id, project_id from device where device_id = $5 and state = 'ACTIVE' for no key update),
    tok as (
      select c.chain_id, dev.device_id, dev.project_id
      from device_token t join dev on t.device_id = dev.device_id join device_token_chain c on c.chain_id = t.chain_id
      where t.token_sha256 = $6 and t.expires_at > $1 for key share of t for no key update of c),
    ch as (
      update device_token_chain c set renewals = c.renewals + 1, expires_at = greatest(c.expires_at, $9) from tok
      where c.chain_id = tok.chain_id and c.renewals < $10
      returning c.chain_id, c.renewals, tok.device_id, tok.project_id),
    neu as (
      insert into device_token (token_sha256, device_id, issued_at, expires_at, scopes, chain_id) select $7, device_id, $1, $9, $8, chain_id from ch),
    au as (
      ${AUDIT}
      select $1, project_id, device_id, 'device_token.renewed', $2, $3, $4,
        json_build_object('scope', array_to_string($8::text[], ' '), 'renewal', renewals::text) from ch)
    select (select count(*) from tok)::int as held, (select count(*) from ch)::int as renewed`,
};

/** Access tokens that devices get with their keys (contracts/iothentix.md section 8): one read, one write. */
export class DeviceTokenStore {
  readonly #run: Run;
  readonly #atFaultPoint: AtFaultPoint | undefined;

  constructor(run: Run, atFaultPoint?: AtFaultPoint) {
    this.#run = run;
    this.#atFaultPoint = atFaultPoint;
  }

  /**
   * Spends a JWT and stores the token that it has bought, in one statement.
   * `overtaken` also if the device does not have all scopes of the token any more.
   */
  async issue({ deviceId, jti, thumbprint }: SpentJwt, token: FirstToken, origin: Origin): Promise<SpendResult> {
    const details = JSON.stringify({ jti, scope: token.scopes.join(' ') });
    const values = [...valuesOf(origin), deviceId, jti, thumbprint, token.chainId, token.scopes, token.tokenSha256, token.expiresAt, details];
    const write = async (): Promise<boolean> => {
      const [row] = await this.#run<{ changed: number }>(ISSUE, values);
      return row?.changed === 1;
    };
    try {
      return (await settledChange(write, () => this.#exists(token.tokenSha256), this.#atFaultPoint)) ? 'spent' : 'overtaken';
    } catch (error) {
      if (violatedConstraint(error) === 'used_jti_pkey') return 'jti_used';
      throw error;
    }
  }

  /** The token of this SHA-256, if it counts. */
  async find(tokenSha256: Buffer, now: Date): Promise<TokenState | undefined> {
    const [token] = await this.#run<TokenState & Record<string, unknown>>(FIND, [tokenSha256, now]);
    return token;
  }

  /** The token of this SHA-256, if it counts and is one that may be renewed. */
  async findRenewable(tokenSha256: Buffer, now: Date): Promise<RenewableToken | undefined> {
    const [token] = await this.#run<RenewableToken & Record<string, unknown>>(FIND_RENEWABLE, [tokenSha256, now]);
    return token;
  }

  /** Stores a token in renewal of an earlier one, in one statement, unless there were `mostRenewals` before. */
  async renew(earlier: RenewableToken, token: NewDeviceToken, mostRenewals: number, origin: Origin): Promise<RenewResult> {
    const values = [...valuesOf(origin), earlier.deviceId, earlier.tokenSha256, token.tokenSha256, token.scopes, token.expiresAt, mostRenewals];
    const write = async (): Promise<RenewResult> => {
      const [row] = await this.#run<{ held: number; renewed: number }>(RENEW, values);
      if (row?.renewed === 1) return 'renewed';
      return row?.held === 1 ? 'exhausted' : 'ended';
    };
    return settled<RenewResult>(write, async () => ((await this.#exists(token.tokenSha256)) ? 'renewed' : undefined), this.#atFaultPoint);
  }

  async #exists(tokenSha256: Buffer): Promise<boolean> {
    return (await this.#run(EXISTS, [tokenSha256])).length === 1;
  }
}
