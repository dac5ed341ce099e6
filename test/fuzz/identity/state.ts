import type { Pool } from 'pg';

/** What is stored of all keys and jobs, or of these, but for the count of wrong codes, which a refused call raises. */
const STATE = `select md5(coalesce(string_agg(line, '|' order by line), '')) as state from (
    select concat_ws(',', 'identity', pk, state, claimed_pk, key_id, encode(box, 'hex'), last_iat, revoked_at) as line, pk as owner from identity
    union all select concat_ws(',', 'address', pk, kind, encode(address_mac, 'hex')), pk from identity_address
    union all select concat_ws(',', 'revocation', pk, encode(code_mac, 'hex'), expires_at), pk from identity_revocation
    union all select concat_ws(',', 'job', job_id, pk, state, key_id, encode(box, 'hex'), encode(code_mac, 'hex')), pk from identity_job
    union all select concat_ws(',', 'message', message_id, pk), pk from message
    union all select concat_ws(',', 'audit', event_id, action), identity from audit_event where identity is not null and action not like '%code_refused'
  ) as lines where $1::text[] is null or owner = any($1)`;

/** One text for what is stored of keys; of all if none are given. */
export async function stateOf(sql: Pool, keys?: readonly string[]): Promise<string> {
  const { rows } = await sql.query<{ state: string }>(STATE, [keys ?? null]);
  return rows[0]?.state ?? '';
}
