import { join } from 'node:path';
import type { Config } from './config/index.ts';
import { KeyRing, newMasterKey } from './crypto/key_ring.ts';
import type { MasterKey } from './crypto/key_ring.ts';
import type { Database } from './db/database.ts';
import { SealedStore } from './db/sealed.ts';
import { KEY_RING_FILE, keepMasterKeys, readMasterKeys } from './folder_secrets.ts';
import { complaintsOf, fitOf } from './key_ring_fit.ts';
import type { Store } from './store.ts';

/** The key ring of a service. */
export interface OpenedKeyRing {
  readonly ring: KeyRing;
  /** Keeps other keys in its place, before the ring has them; undefined if the settings give the ring. */
  readonly keep: ((keys: readonly MasterKey[]) => void) | undefined;
}

/**
 * The key ring that the settings give, or that of the data folder, made at the first start. Throws an Error that says
 * what to do if the database has something that it does not open: whatever is asked for would fail.
 */
export async function openKeyRing({ masterKeys }: Pick<Config, 'masterKeys'>, { folder, database }: Pick<Store, 'folder' | 'database'>): Promise<OpenedKeyRing> {
  if (masterKeys !== undefined) return { ring: await fitting(masterKeys, 'KEYTURN_MASTER_KEYS', database), keep: undefined };
  if (folder === undefined) throw new Error('set KEYTURN_MASTER_KEYS');
  const kept = readMasterKeys(folder);
  const keys = kept ?? [newMasterKey()];
  const ring = await fitting(keys, join(folder.path, KEY_RING_FILE), database);
  // Not before it fits: in the place of a file that was lost, a new one would only be in the way of its backup.
  if (kept === undefined) keepMasterKeys(folder, keys);
  return { ring, keep: (others) => keepMasterKeys(folder, others) };
}

async function fitting(keys: readonly MasterKey[], source: string, database: Database): Promise<KeyRing> {
  const ring = new KeyRing(keys);
  const complaints = complaintsOf(await fitOf(ring, new SealedStore(database.run)), source);
  if (complaints.length > 0) throw new Error(complaints.map(({ says, todo }) => `${says}; ${todo}`).join('\n'));
  return ring;
}
