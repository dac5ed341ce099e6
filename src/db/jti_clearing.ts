import type { Run } from './database.ts';

/** How long entries stay after their key, milliseconds: for a day whoever compares finds with a rotation all that it has left. */
const KEPT = 86_400_000;
/** Keys that one statement deals with at most. */
const KEYS = 10;
/** Entries of the device that it looks at for each of them at most, whoever has signed them. */
const ENTRIES = 50;

/**
 * Goes through the entries of the device of a dead key in the order of their
 * index, from where the statement before has left off, so that neither the
 * entries of its current key nor a mountain of old ones make a statement long.
 * Nothing new comes behind that place: whatever records a `jti` does so while
 * its key is current. Who is at work on an entry or a key is not waited for;
 * the place then stays as it is.
 */
const CLEAR = {
  name: 'used_jti_clear',
  text: `with
    due as (
      select thumbprint, device_id, jtis_cleared_to from public_key
      where retired_at <= $1 and not jtis_cleared order by retired_at limit ${KEYS} for update skip locked),
    near as (
      select due.thumbprint as due, j.device_id, j.jti, j.thumbprint = due.thumbprint as is_due
      from due cross join lateral (
        select device_id, jti, thumbprint from used_jti
        where device_id = due.device_id and jti > due.jtis_cleared_to order by jti limit ${ENTRIES}) j),
    mine as (
      select u.ctid from near join used_jti u on u.device_id = near.device_id and u.jti = near.jti
      where near.is_due for update of u skip locked),
    gone as (
      delete from used_jti where ctid = any(array(select ctid from mine)) returning thumbprint),
    place as (
      select due.thumbprint, count(near.jti) as seen, max(near.jti) as last,
        count(*) filter (where near.is_due) = (select count(*) from gone where gone.thumbprint = due.thumbprint) as is_clear
      from due left join near on near.due = due.thumbprint group by due.thumbprint),
    done as (
      update public_key k set jtis_cleared_to = coalesce(place.last, k.jtis_cleared_to), jtis_cleared = place.seen < ${ENTRIES} from place
      where k.thumbprint = place.thumbprint and place.is_clear returning 1)
    select count(*)::int as cleared from done`,
};

/**
 * The job that deletes the `jti` entries of keys that were replaced or revoked
 * at least a day ago (contracts/iothentix.md 7.4): such a key can never come back, and what it has
 * signed never verifies again. It resolves to how many keys it has got on with.
 */
export function jtiClearing(run: Run): { readonly name: string; run(now: Date): Promise<number> } {
  return {
    name: CLEAR.name,
    async run(now) {
      const [row] = await run<{ cleared: number }>(CLEAR, [new Date(now.getTime() - KEPT)]);
      return row?.cleared ?? 0;
    },
  };
}
