import type { Run, Statement } from './database.ts';
import { valuesOf } from './origin.ts';
import type { Origin } from './origin.ts';

export type IdentityState = 'REGISTERED' | 'REVOKED';

/** By what a key was revoked: its secret, a code that was sent to its addresses, or the operator. */
export type RevocationCause = 'secret' | 'code' | 'operator';

const LOCK: Statement = { name: 'identity_lock', text: 'select state from identity where pk = $1 for update' };

/** Messages come after jobs, as wherever a job is deleted with its messages, so that nobody waits for the other. */
const REVOKE: Statement = {
  name: 'identity_revoke',
  text: `with
    ended as (
      update identity set state = 'REVOKED', revoked_at = $1, key_id = null, box = null where pk = $5 and state = 'REGISTERED' returning pk),
    addresses as (delete from identity_address using ended where identity_address.pk = ended.pk),
    code as (delete from identity_revocation using ended where identity_revocation.pk = ended.pk),
    jobs as (delete from identity_job using ended where identity_job.pk = ended.pk returning 1),
    messages as (delete from message using ended where message.pk = ended.pk and (select count(*) from jobs) >= 0),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, identity, action, actor, request_id, peer, details)
      select $1, '', '', pk, 'identity.revoked', $2, $3, $4, $6::json from ended)
    select count(*)::int as revoked from ended`,
};

/**
 * Locks a key until the transaction ends, and tells its state; undefined if there is none. Whatever is written for a key
 * locks its row first, and is seen by the statements that begin after this one.
 */
export async function lockIdentity(run: Run, pk: string): Promise<IdentityState | undefined> {
  const [row] = await run<{ state: IdentityState }>(LOCK, [pk]);
  return row?.state;
}

/**
 * Revokes a key, in a transaction that has locked it: its addresses are free, and its device token, its open code, its jobs
 * and its messages are gone. False if it is not registered, or not any more; then nothing has changed.
 */
export async function revokeIdentity(run: Run, pk: string, cause: RevocationCause, origin: Origin): Promise<boolean> {
  const [row] = await run<{ revoked: number }>(REVOKE, [...valuesOf(origin), pk, JSON.stringify({ cause })]);
  return row?.revoked === 1;
}
