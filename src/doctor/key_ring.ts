import { join } from 'node:path';
import type { Config } from '../config/index.ts';
import { keyRingFault, parseKeyRing } from '../config/index.ts';
import { KeyRing } from '../crypto/key_ring.ts';
import type { MasterKey } from '../crypto/key_ring.ts';
import { readPrivateFile } from '../data_folder.ts';
import type { Database } from '../db/database.ts';
import { inspect } from '../db/inspection.ts';
import { SealedStore } from '../db/sealed.ts';
import { KEY_RING_FILE } from '../folder_secrets.ts';
import { complaintsOf, fitOf } from '../key_ring_fit.ts';
import { Findings, counted, reasonOf } from './finding.ts';
import type { Finding } from './finding.ts';

const LOSS = 'without its keys, what they have encrypted is lost';

/** The master keys that are given or kept in the data folder, and whether they open what the database has sealed. */
export async function checkKeyRing({ masterKeys, dataDir }: Config, database: Database | undefined): Promise<readonly Finding[]> {
  const findings = new Findings('keyring');
  const source = masterKeys === undefined ? join(dataDir, KEY_RING_FILE) : 'KEYTURN_MASTER_KEYS';
  const keys = masterKeys ?? readKeys(findings, source);
  if (keys === undefined) return findings.list;
  const [active] = keys;
  if (active === undefined) findings.good(`${source} does not exist yet; the first start makes it`);
  else findings.good(`${counted(keys.length, 'key')} in ${source}, ${active.id} encrypts`);
  await compare(findings, keys, source, database);
  return findings.list;
}

/** None if there is no file yet; undefined if it cannot be used, which is complained of. */
function readKeys(findings: Findings, path: string): readonly MasterKey[] | undefined {
  try {
    const text = readPrivateFile(path);
    if (text === undefined) return [];
    const fault = keyRingFault(text);
    if (fault === undefined) return parseKeyRing(text);
    findings.bad(`${path} ${fault}`, `restore ${path} from a backup; ${LOSS}`);
  } catch (error) {
    // What is wrong with it is told with what to do.
    findings.bad(`the key ring cannot be used: ${reasonOf(error)}`, `never remove ${path}; ${LOSS}`);
  }
  return undefined;
}

async function compare(findings: Findings, keys: readonly MasterKey[], source: string, database: Database | undefined): Promise<void> {
  if (database === undefined) {
    findings.good('not compared with what is encrypted: there is no database to look at');
    return;
  }
  const { pending } = await inspect(database);
  if (pending.length > 0) {
    findings.good('not compared with what is encrypted: the database lacks migrations');
    return;
  }
  const fit = await fitOf(keys.length === 0 ? undefined : new KeyRing(keys), new SealedStore(database.run));
  const complaints = complaintsOf(fit, source);
  for (const { says, todo } of complaints) findings.bad(says, todo);
  if (complaints.length === 0) findings.good(fit.used.length === 0 ? 'nothing in the database is encrypted yet' : `it opens what the database has encrypted (${fit.used.join(', ')})`);
}
