import { join } from 'node:path';
import { keyRingFault, operatorTokenFault, parseKeyRing } from './config/index.ts';
import { formatKeyRing } from './crypto/key_ring.ts';
import { newToken } from './crypto/token.ts';
import type { MasterKey } from './crypto/key_ring.ts';
import { readPrivateFile, writePrivateFile } from './data_folder.ts';
import type { DataFolder } from './data_folder.ts';

const TOKEN_FILE = 'operator.token';
export const KEY_RING_FILE = 'master.keys';

/** The operator's token of a data folder, made at the first start. Throws an Error that says what to do. */
export function readOperatorToken(folder: DataFolder | undefined): string {
  if (folder === undefined) throw new Error('set KEYTURN_OPERATOR_TOKEN');
  const token = folder.readOrCreate(TOKEN_FILE, newToken);
  const fault = operatorTokenFault(token);
  if (fault !== undefined) throw new Error(`${join(folder.path, TOKEN_FILE)} ${fault}; remove it to have a new one made`);
  return token;
}

/** The key ring of a data folder; undefined if it has none yet. Throws an Error that says what to do. */
export function readMasterKeys(folder: DataFolder): readonly MasterKey[] | undefined {
  const text = readPrivateFile(join(folder.path, KEY_RING_FILE));
  if (text === undefined) return undefined;
  const fault = keyRingFault(text);
  // Never "remove it": without its keys, what they have encrypted is lost.
  if (fault !== undefined) throw new Error(`${join(folder.path, KEY_RING_FILE)} ${fault}; restore it from a backup`);
  return parseKeyRing(text);
}

/** Keeps the key ring of a data folder; it survives a power cut once this returns. */
export function keepMasterKeys(folder: DataFolder, keys: readonly MasterKey[]): void {
  writePrivateFile(join(folder.path, KEY_RING_FILE), formatKeyRing(keys));
}
