import type { Run } from './database.ts';

export interface EventRow {
  readonly event_id: string;
  readonly occurred_at: Date;
  readonly project_id: string;
  readonly device_id: string;
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/**
 * A part of the events: those of the transactions that ended between two
 * snapshots, in PostgreSQL's text form `xmin:xmax:xip`.
 *
 * Identity values do not commit in order, and neither do transaction ids. So
 * events are read window by window, each from the snapshot at which the one
 * before has ended, and those of a window by their ids. Then
 * - none is lost: a transaction is in exactly one window, the first whose
 *   later snapshot sees it, however long it was open;
 * - those of one device are in order. Whoever writes one holds the lock of the
 *   device's row, from before the id is drawn until the transaction has ended. So if B came
 *   after A, A was no more among the running transactions when B got the lock, and every
 *   snapshot that sees B sees A: A is in a window before, or in the same one
 *   with a smaller id.
 * A window that ends at the oldest running transaction would not do: B may have drawn its transaction
 * id before A, and wait for the lock of the device all the same. If a third
 * transaction between the two is still running, B is settled and A is not.
 */
export interface EventWindow {
  /** What was seen before. */
  readonly after: string;
  /** What is seen with it. */
  readonly upto: string;
  /** All its event ids are greater than this. */
  readonly first: bigint;
  /** And none is greater than this. */
  readonly last: bigint;
}

/** Which events. */
export interface EventFilter {
  /** Null: of all projects. */
  readonly projectId: string | null;
  /** Null: of all devices. */
  readonly deviceId: string | null;
}

/** A snapshot that sees nothing. */
export const NOTHING = '1:1:';
/** Rows that are looked at in one step, whether they are shown or not. */
const PAGE = 512;
const MOST_XID = 2n ** 64n - 1n;

const NOW = {
  name: 'event_now',
  text: 'select pg_current_snapshot()::text as snapshot, coalesce((select max(event_id) from outbox), 0)::text as last',
};

/**
 * Looks up what has ended since: those that were running, and those that came
 * later. `+ 0` keeps the planner from going through all ids in their order.
 */
const OPEN = {
  name: 'event_open',
  text: `with now as materialized (select pg_current_snapshot() as upto)
    select upto::text, (select max(event_id) from outbox)::text as last, least(
      (select min(event_id + 0) from outbox where xact = any($1::xid8[]) and pg_visible_in_snapshot(xact, upto)),
      (select min(event_id + 0) from outbox where xact >= $2::xid8 and xact < pg_snapshot_xmax(upto) and pg_visible_in_snapshot(xact, upto)))::text as first
    from now`,
};

const READ = {
  name: 'event_read',
  text: `with page as materialized (
      select event_id, xact, occurred_at, project_id, device_id, type, payload from outbox
      where event_id > $1 and event_id <= $2 order by event_id limit ${PAGE}),
    seen as (select count(*)::int as looked_at, max(event_id)::text as reached from page)
    select seen.looked_at, seen.reached, page.event_id, occurred_at, project_id, device_id, type, payload
    from seen left join page on not pg_visible_in_snapshot(xact, $3::pg_snapshot) and pg_visible_in_snapshot(xact, $4::pg_snapshot)
      and ($5::varchar is null or project_id = $5) and ($6::varchar is null or device_id = $6)`,
};

/** The events of the outbox, for those who follow them. Their rows are written by the statements that make the changes. */
export class EventStore {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /** A snapshot of this moment, and the greatest event id that it sees; 0 if there is none. */
  async now(): Promise<{ snapshot: string; last: bigint }> {
    const [row] = await this.#run<{ snapshot: string; last: string }>(NOW, []);
    if (row === undefined) throw new Error('the database tells no snapshot');
    return { snapshot: row.snapshot, last: BigInt(row.last) };
  }

  /** The window from a snapshot until now; undefined if it would be empty. */
  async open(after: string): Promise<EventWindow | undefined> {
    const { running, xmax } = partsOf(after);
    const [row] = await this.#run<{ upto: string; first: string | null; last: string | null }>(OPEN, [running, xmax]);
    if (row === undefined || row.first === null || row.last === null) return undefined;
    return { after, upto: row.upto, first: BigInt(row.first) - 1n, last: BigInt(row.last) };
  }

  /** Some events of a window after an id, by their ids, and up to which id there are no others. */
  async read({ after, upto, last }: EventWindow, eventId: bigint, { projectId, deviceId }: EventFilter): Promise<{ rows: EventRow[]; reached: bigint }> {
    const rows = await this.#run<ReadRow>(READ, [eventId, last, after, upto, projectId, deviceId]);
    const [first] = rows;
    const reached = first?.looked_at === PAGE && first.reached !== null ? BigInt(first.reached) : last;
    const events = rows.filter((row): row is ReadRow & EventRow => row.event_id !== null);
    return { rows: events.toSorted((one, other) => Number(BigInt(one.event_id) - BigInt(other.event_id))), reached };
  }
}

interface ReadRow extends Omit<EventRow, 'event_id'> {
  readonly looked_at: number;
  readonly reached: string | null;
  readonly event_id: string | null;
}

/** Whether a text is a snapshot, as pg_snapshot takes it. */
export function isSnapshot(text: string): boolean {
  const [, xmin, xmax, running] = /^([0-9]{1,20}):([0-9]{1,20}):((?:[0-9]{1,20}(?:,[0-9]{1,20})*)?)$/.exec(text) ?? [];
  if (xmin === undefined || xmax === undefined || running === undefined) return false;
  const ids = [xmin, ...(running === '' ? [] : running.split(',')), xmax].map(BigInt);
  if (ids[0] === 0n || ids.some((id) => id > MOST_XID)) return false;
  return ids.every((id, index) => index === 0 || id >= (ids[index - 1] ?? 0n)) && !ids.slice(1, -1).includes(BigInt(xmax));
}

/** Whether a snapshot sees transactions that had not begun when another one was taken. */
export function isLater(snapshot: string, other: string): boolean {
  return BigInt(partsOf(snapshot).xmax) > BigInt(partsOf(other).xmax);
}

function partsOf(snapshot: string): { xmax: string; running: string[] } {
  const [, xmax = '', running = ''] = snapshot.split(':');
  return { xmax, running: running === '' ? [] : running.split(',') };
}
