import type { Database, Run } from './database.ts';
import { removalOf } from './device_removal.ts';
import { valuesOf } from './origin.ts';

/** Rows that nobody else is at work on, the longest overdue first. */
const LOCK_DUE = {
  name: 'device_expiry_lock',
  text: 'select device_id from device where expires_at <= $1 order by expires_at limit $2 for update skip locked',
};

const REMOVE = {
  name: 'device_expiry_remove',
  text: removalOf('device.device_id = any($6::text[]) and device.active_at is null and device.current_key is null'),
};

/** What could not be removed: a gateway has children, which may go before it; the others have no time limit. */
const POSTPONE = {
  name: 'device_expiry_postpone',
  text: `update device set expires_at = case when active_at is null and current_key is null then $1::timestamptz + interval '1 hour' end
    where device_id = any($2::text[])`,
};

const BATCH = 100;

/** Devices that have not become active in time (contracts/iotda.md 7.2). */
export class DeviceExpiryStore {
  readonly #database: Pick<Database, 'transaction'>;

  constructor(database: Pick<Database, 'transaction'>) {
    this.#database = database;
  }

  /**
   * Removes at most 100 devices whose time was up at `now`, and resolves to how
   * many it has dealt with. Several nodes take different ones. A gateway with
   * children stays, and is looked at again an hour later.
   */
  async removeDue(now: Date): Promise<number> {
    return this.#database.transaction(async (run: Run) => {
      const due = await run<{ device_id: string }>(LOCK_DUE, [now, BATCH]);
      if (due.length === 0) return 0;
      const ids = due.map(({ device_id: deviceId }) => deviceId);
      const origin = valuesOf({ actor: 'keyturn', requestId: '', peer: '', at: now });
      const [row] = await run<{ removed: number }>(REMOVE, [...origin, JSON.stringify({ cause: 'timeout' }), ids]);
      if (row?.removed !== ids.length) await run(POSTPONE, [now, ids]);
      return ids.length;
    });
  }
}
