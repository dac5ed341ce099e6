/** Messages to one address or number in the time in which they count (contracts/authentiq.md 7.4). */
const MOST_SENDINGS = 3;
/** That time, milliseconds. */
export const SENDING_WINDOW = 600_000;
const WINDOW = `interval '${SENDING_WINDOW} milliseconds'`;

/**
 * The times in the array `sentAt` that count at `now`. One that is further ahead than a window was written by a clock that
 * was set back since, and must not lock anyone out.
 */
function countingOf(sentAt: string, now: string): string {
  return `unnest(${sentAt}) as sent where sent > ${now} - ${WINDOW} and sent < ${now} + ${WINDOW}`;
}

/** The text of an expression: the oldest sending that counts if the budget of the array `sentAt` is used up, else null. */
export function fullSince(sentAt: string, now: string): string {
  return `(select min(sent) from ${countingOf(sentAt, now)} having count(*) >= ${MOST_SENDINGS})`;
}

/**
 * The text of an insert, as a part of a larger statement, that takes one sending from the budget of each keyed hash in the
 * array `macs`, if the relation `from` has a row. It returns the hashes whose budget had room, and takes nothing from the
 * others. The hashes must be sorted: two statements then wait for each other's rows in one order.
 */
export function takingOf(from: string, macs: string, now: string): string {
  const counting = countingOf('sending_budget.sent_at', 'excluded.sent_at[1]');
  return `insert into sending_budget (address_mac, sent_at, expires_at)
    select mac, array[${now}::timestamptz], ${now}::timestamptz + ${WINDOW} from ${from} cross join unnest(${macs}::bytea[]) as mac
    on conflict (address_mac) do update
      set sent_at = array(select sent from ${counting}) || excluded.sent_at,
        expires_at = greatest(least(sending_budget.expires_at, excluded.expires_at + ${WINDOW}), excluded.expires_at)
      where (select count(*) from ${counting}) < ${MOST_SENDINGS}
    returning address_mac`;
}
