import { recordIdAt } from '../src/db/record_id.ts';
import { withClient } from './workbench.ts';

/** The documented prefix of every P-256 SubjectPublicKeyInfo, up to its point. */
const P256_PREFIX = '3059301306072a8648ce3d020106082a8648ce3d03010703420004';

/** Device number 1, 2, ... of a fleet. */
export function deviceIdOf(number: number): string {
  return `bench-${String(number).padStart(7, '0')}`;
}

/** The numbers of `count` devices spread evenly over a fleet of `size`. */
export function spread(size: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => Math.floor((index * size) / count) + 1);
}

/**
 * Registers devices 1 to `size`. Those of `numbers` get the given keys (hex);
 * the others rows of the same form with keys that nobody has.
 */
export async function seedFleet(url: string, size: number, numbers: readonly number[], keys: readonly string[]): Promise<void> {
  await withClient(url, async (client) => {
    await client.query('create temp table fleet (number int primary key, device_id text not null, spki bytea not null)');
    await client.query(
      `insert into fleet
        select number, 'bench-' || lpad(number::text, 7, '0'),
          coalesce(decode(given.key, 'hex'), decode($4, 'hex') || sha256(number::text::bytea) || sha256(('y' || number)::bytea))
        from generate_series(1, $1::int) as number
        left join unnest($2::int[], $3::text[]) as given(number, key) using (number)
        order by number`,
      [size, numbers, keys, P256_PREFIX],
    );
    await client.query(
      `insert into device (device_id, project_id, node_id, product_id, state, updates_allowed, scopes, current_key, created_at, updated_at, record_id)
        select device_id, 'default', device_id, '', 'ACTIVE', true, '{}', encode(sha256(spki), 'hex'), now(), now(), ${recordIdAt('now()')}
        from fleet order by number`,
    );
    await client.query(
      `insert into public_key (thumbprint, device_id, state, kind, spki, activated_at)
        select encode(sha256(spki), 'hex'), device_id, 'CURRENT', 'P-256', spki, now() from fleet order by number`,
    );
    await client.query('drop table fleet');
    await client.query('vacuum analyze');
    await client.query('checkpoint');
  });
}
