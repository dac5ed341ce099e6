import type { Pool } from 'pg';
import type { TokenMaterial } from './material.ts';

/** All that is stored of some devices and must not change. */
const GUARDED = `select md5(coalesce(string_agg(line, '|' order by line), '')) as state from (
    select concat_ws(',', 'token', encode(token_sha256, 'hex'), chain_id, expires_at) as line, device_id from device_token
    union all select concat_ws(',', 'chain', chain_id, renewals, expires_at), device_id from device_token_chain
    union all select concat_ws(',', 'jti', jti), device_id from used_jti
    union all select concat_ws(',', 'audit', event_id, action), device_id from audit_event
  ) as lines where device_id = any($1)`;

/** Of all devices: what nobody may change here. */
const FIXED = `select md5(coalesce(string_agg(line, '|' order by line), '')) as state from (
    select concat_ws(',', device_id, state, current_key, scopes, updates_allowed) as line from device
    union all select concat_ws(',', thumbprint, device_id, state) from public_key) as lines`;

/** Each a count that is 0 where the books are right, whatever is being written. */
const BOOKS = `select
    (select count(*) from audit_event where action = 'device_token.issued')
      + (select count(*) from audit_event where action = 'device_jwt.verified') + (select count(*) from rotation)
      - (select count(*) from used_jti) as "JWTs spent without a record, or recorded without being spent",
    (select count(*) from audit_event where action = 'device_token.issued') + (select count(*) from audit_event where action = 'device_token.renewed')
      - (select count(*) from device_token where chain_id is not null and expires_at > now()) - $1::int as "tokens without a record, or recorded without being there",
    (select count(*) from audit_event where action = 'device_token.renewed') - (select coalesce(sum(renewals), 0) from device_token_chain where renewals < 100000000) as "renewals that were not counted",
    (select count(*) from device_token t left join device_token_chain c using (chain_id) where t.chain_id is not null and (c.device_id is distinct from t.device_id or not t.scopes <@ c.scopes))
      as "tokens that are not their chain's",
    (select count(*) from device_token t left join device d using (device_id) where d.state is distinct from 'ACTIVE') as "tokens of devices that are not active"`;

/** How the books of a run are looked at again and again. */
export class Books {
  readonly #sql: Pool;
  readonly #guarded: readonly string[];
  readonly #before: readonly string[];
  /** Tokens that were issued and have ended since, before the run. */
  readonly #gone: number;

  private constructor(sql: Pool, guarded: readonly string[], before: readonly string[], gone: number) {
    this.#sql = sql;
    this.#guarded = guarded;
    this.#before = before;
    this.#gone = gone;
  }

  static async open(sql: Pool, { guarded, devices, dead }: TokenMaterial): Promise<Books> {
    const held = [...guarded, ...devices.filter(({ frozen }) => frozen).map(({ id }) => id), ...dead.map(({ id }) => id).filter((id) => !devices.some((device) => device.id === id))];
    const { rows: [row] } = await sql.query<{ gone: number }>(`select (select count(*)::int from audit_event where action in ('device_token.issued', 'device_token.renewed')) - (select count(*)::int from device_token where chain_id is not null and expires_at > now()) as gone`);
    return new Books(sql, held, await statesOf(sql, held), row?.gone ?? 0);
  }

  /** What is wrong; empty: nothing. */
  async faults(): Promise<readonly string[]> {
    const { rows: [row = {}] } = await this.#sql.query<Record<string, string>>(BOOKS, [this.#gone]);
    const wrong = Object.entries(row).filter(([, count]) => Number(count) !== 0).map(([what, count]) => `${what}: ${count}`);
    const after = await statesOf(this.#sql, this.#guarded);
    if (after[0] !== this.#before[0]) wrong.push('something has changed of a device for which no request had a proof');
    if (after[1] !== this.#before[1]) wrong.push('a device or a key has changed');
    return wrong;
  }
}

async function statesOf(sql: Pool, guarded: readonly string[]): Promise<string[]> {
  const { rows } = await sql.query<{ state: string }>(`${GUARDED} union all ${FIXED}`, [guarded]);
  return rows.map(({ state }) => state);
}
