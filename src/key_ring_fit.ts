import type { KeyRing } from './crypto/key_ring.ts';
import type { SealedRow, SealedStore } from './db/sealed.ts';

/** Whether a key ring opens what a database has sealed. */
export interface Fit {
  /** Ids of keys that something is sealed with. */
  readonly used: readonly string[];
  /** Those of them that the ring lacks. */
  readonly missing: readonly string[];
  /** Those under which the ring has another key, each with a table that shows it. */
  readonly other: readonly { readonly keyId: string; readonly table: string }[];
}

/** Compares by one value of each key and table; what is stored beside them is not read. Undefined: a ring without a key. */
export async function fitOf(ring: KeyRing | undefined, store: SealedStore): Promise<Fit> {
  const examples = await store.examples();
  const ids = ring?.ids ?? [];
  const other = new Map<string, string>();
  for (const row of examples) if (ring !== undefined && ids.includes(row.keyId) && !opens(ring, row)) other.set(row.keyId, row.table);
  const used = [...new Set(examples.map(({ keyId }) => keyId))];
  return {
    used,
    missing: used.filter((id) => !ids.includes(id)),
    other: [...other].map(([keyId, table]) => ({ keyId, table })),
  };
}

/** What is wrong, each with what to do about it; none if the ring fits. `source` names where the ring comes from. */
export function complaintsOf({ missing, other }: Fit, source: string): { says: string; todo: string }[] {
  const complaints = other.map(({ keyId, table }) => ({
    says: `the database has values in ${table} that the key ${keyId} of ${source} does not open: it is not the key that sealed them, or they were changed`,
    todo: `give back the key that had the id ${keyId}, and give another one an id of its own`,
  }));
  if (missing.length === 0) return complaints;
  const names = missing.join(', ');
  const one = missing.length === 1;
  return [
    {
      says: `the database has values that are encrypted with the master ${one ? 'key' : 'keys'} ${names}, which ${source} lacks`,
      todo: `put ${one ? 'it' : 'them'} back from a backup, after the key that is to encrypt; nothing else reads those values`,
    },
    ...complaints,
  ];
}

function opens(ring: KeyRing, row: SealedRow): boolean {
  try {
    ring.open([row.table, ...row.key], row);
    return true;
  } catch {
    return false;
  }
}
