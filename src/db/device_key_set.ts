import type { Run } from './database.ts';

/** A key that a device has or had. */
export interface KeyOfSet {
  readonly state: 'CURRENT' | 'RETIRED';
  readonly spki: Buffer;
  readonly retiredAt: Date | null;
}

const READ = {
  name: 'device_key_set_read',
  text: `select d.state as device_state, k.state, k.spki, k.retired_at as "retiredAt"
    from device d
    left join lateral (
      select state, spki, retired_at, ordinal from public_key
      where device_id = d.device_id and state in ('CURRENT', 'RETIRED') and ($3 or thumbprint = d.current_key)
      order by ordinal desc limit $4) k on true
    where d.device_id = $1 and d.project_id = coalesce($2, d.project_id)
    order by k.ordinal desc`,
};

/** The keys by which others verify what a device has signed. */
export class DeviceKeySetStore {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /**
   * The current key, unless the device is frozen, and with `withRetired` those
   * before it, newest first. Undefined if there is no such device, or it is
   * not of the project, if one is given.
   */
  async read(deviceId: string, projectId: string | undefined, withRetired: boolean, limit: number): Promise<readonly KeyOfSet[] | undefined> {
    const rows = await this.#run<Row>(READ, [deviceId, projectId ?? null, withRetired, limit]);
    if (rows.length === 0) return undefined;
    return rows.flatMap(({ device_state: deviceState, state, spki, retiredAt }) =>
      state === null || spki === null || (state === 'CURRENT' && deviceState !== 'ACTIVE') ? [] : [{ state, spki, retiredAt }],
    );
  }
}

interface Row {
  device_state: string;
  state: KeyOfSet['state'] | null;
  spki: Buffer | null;
  retiredAt: Date | null;
}
