import type { Run } from './database.ts';

/** A key that a device has or had. */
export interface KeyOfSet {
  readonly state: 'CURRENT' | 'RETIRED';
  readonly spki: Buffer;
  readonly retiredAt: Date | null;
}

const COLUMNS = 'd.state as "deviceState", k.state, k.spki, k.retired_at as "retiredAt"';
const DEVICE = 'd.device_id = $1 and d.project_id = coalesce($2, d.project_id)';

const READ_CURRENT = {
  name: 'device_key_set_current',
  text: `select ${COLUMNS} from device d left join public_key k on k.thumbprint = d.current_key where ${DEVICE}`,
};

const READ_ALL = {
  name: 'device_key_set_all',
  text: `select ${COLUMNS} from device d
    left join lateral (select * from public_key where device_id = d.device_id order by ordinal desc limit $3) k on true
    where ${DEVICE} order by k.ordinal desc`,
};

/** The keys by which others verify what a device has signed. */
export class DeviceKeySetStore {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /** The current key, unless the device is frozen. Undefined if there is no such device, or it is not of the project, if one is given. */
  async readCurrent(deviceId: string, projectId: string | undefined): Promise<readonly KeyOfSet[] | undefined> {
    return keysOf(await this.#run<Row>(READ_CURRENT, [deviceId, projectId ?? null]));
  }

  /** As `readCurrent`, and the keys before it, newest first; `limit` is how many there may be in all. */
  async readAll(deviceId: string, projectId: string | undefined, limit: number): Promise<readonly KeyOfSet[] | undefined> {
    return keysOf(await this.#run<Row>(READ_ALL, [deviceId, projectId ?? null, limit]));
  }
}

/** A key is revoked when its device is removed: that one and those before it are of an earlier device, maybe of another project. */
function keysOf(rows: readonly Row[]): readonly KeyOfSet[] | undefined {
  if (rows.length === 0) return undefined;
  const revoked = rows.findIndex(({ state }) => state === 'REVOKED');
  return rows.slice(0, revoked === -1 ? rows.length : revoked).flatMap(({ deviceState, state, spki, retiredAt }) =>
    state === null || state === 'REVOKED' || spki === null || (state === 'CURRENT' && deviceState !== 'ACTIVE') ? [] : [{ state, spki, retiredAt }],
  );
}

interface Row {
  deviceState: string;
  state: KeyOfSet['state'] | 'REVOKED' | null;
  spki: Buffer | null;
  retiredAt: Date | null;
}
