import { isDeepStrictEqual } from 'node:util';
import { rowsOf } from '../db/fixtures/rotations.ts';

/** A device as those outside of the service know it. */
export interface Witness {
  readonly deviceId: string;
  /** Thumbprint of the key that it was registered with. */
  readonly first: string;
  /** The rotations that the service has acknowledged, in their order. */
  readonly acknowledged: readonly { readonly old: string; readonly next: string }[];
}

export interface Audit {
  /** Rotations that the service has of the device. */
  readonly rotations: number;
  /** Acknowledged rotations that it has not, or not in their order, in words. */
  readonly lost: readonly string[];
  /** What in the books does not agree, in words. */
  readonly faults: readonly string[];
}

interface Rotation {
  readonly rotation_id: string;
  readonly jti: string;
  readonly old_thumbprint: string;
  readonly new_thumbprint: string;
}

interface Books {
  readonly current: string | null;
  readonly rotations: readonly Rotation[];
  readonly jtis: readonly object[];
  readonly keys: readonly object[];
  readonly audit: readonly object[];
  readonly outbox: readonly object[];
}

const BOOKS = `select
  (select current_key from device where device_id = $1) as current,
  (select coalesce(json_agg(json_build_object('rotation_id', rotation_id, 'jti', jti, 'old_thumbprint', old_thumbprint,
      'new_thumbprint', new_thumbprint)), '[]') from rotation where device_id = $1) as rotations,
  (select coalesce(json_agg(json_build_object('jti', jti, 'thumbprint', thumbprint) order by jti collate "C"), '[]')
    from used_jti where device_id = $1) as jtis,
  (select coalesce(json_agg(json_build_object('thumbprint', thumbprint, 'state', state, 'rotation_id', rotation_id) order by ordinal), '[]')
    from public_key where device_id = $1) as keys,
  (select coalesce(json_agg(details order by event_id), '[]')
    from audit_event where device_id = $1 and action = 'device_key.rotated') as audit,
  (select coalesce(json_agg(payload order by event_id), '[]')
    from outbox where device_id = $1 and type = 'device_key.rotated') as outbox`;

/**
 * Compares what the service has of a device with itself and with what others know: one unbroken chain of rotations from
 * the first key to the current one; for each of them one used `jti`, one retired key, one audit event and one outbox
 * event with the same contents; and every acknowledged rotation in it, in order.
 */
export async function auditBooks(databaseUrl: string, { deviceId, first, acknowledged }: Witness): Promise<Audit> {
  const [books] = await rowsOf<Books & Record<string, unknown>>(databaseUrl, BOOKS, [deviceId]);
  if (books === undefined) throw new Error('a select without from has one row');
  const chain = chainOf(first, books.rotations);
  const faults: string[] = [];
  const compare = (what: string, found: unknown, expected: unknown): void => {
    if (!isDeepStrictEqual(found, expected)) faults.push(`${deviceId}: ${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
  };
  compare('length of the chain', chain.length, books.rotations.length);
  compare('current key', books.current, chain.at(-1)?.new_thumbprint ?? first);
  compare('keys', books.keys, keysOf(first, chain));
  const jtis = chain.map(({ jti, old_thumbprint: thumbprint }) => ({ jti, thumbprint }));
  compare('used jti', books.jtis, jtis.toSorted((a, b) => (a.jti < b.jti ? -1 : 1)));
  const events = chain.map(({ jti, old_thumbprint, new_thumbprint }) => ({ jti, old_thumbprint, new_thumbprint }));
  compare('audit', books.audit, events);
  compare('outbox', books.outbox, events);
  return { rotations: books.rotations.length, lost: lostOf(chain, acknowledged).map(({ old, next }) => `${deviceId}: the rotation from ${old} to ${next} is lost`), faults };
}

/** Keys that are or were on more than one device, wherever the service has a key. */
export async function keysOnTwoDevices(databaseUrl: string): Promise<string[]> {
  const text = `select thumbprint from (
      select thumbprint, device_id from public_key
      union select current_key, device_id from device where current_key is not null
      union select old_thumbprint, device_id from rotation
      union select new_thumbprint, device_id from rotation) as known
    group by thumbprint having count(*) > 1`;
  return (await rowsOf<{ thumbprint: string }>(databaseUrl, text)).map(({ thumbprint }) => thumbprint);
}

function chainOf(first: string, rotations: readonly Rotation[]): Rotation[] {
  const byOld = new Map(rotations.map((rotation) => [rotation.old_thumbprint, rotation]));
  const chain: Rotation[] = [];
  for (let next = byOld.get(first); next !== undefined && chain.length < rotations.length; next = byOld.get(next.new_thumbprint)) chain.push(next);
  return chain;
}

function keysOf(first: string, chain: readonly Rotation[]): object[] {
  const made = [{ rotation_id: null, new_thumbprint: first }, ...chain];
  return made.map(({ new_thumbprint: thumbprint, rotation_id }, index) => ({
    thumbprint,
    state: index === chain.length ? 'CURRENT' : 'RETIRED',
    rotation_id,
  }));
}

/** The acknowledged rotations that are not in the chain after those before them. */
function lostOf(chain: readonly Rotation[], acknowledged: Witness['acknowledged']): Witness['acknowledged'] {
  let from = 0;
  return acknowledged.filter(({ old, next }) => {
    const found = chain.findIndex((rotation, index) => index >= from && rotation.old_thumbprint === old && rotation.new_thumbprint === next);
    if (found !== -1) from = found + 1;
    return found === -1;
  });
}
