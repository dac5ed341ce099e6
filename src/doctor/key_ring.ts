import type { Config } from '../config/index.ts';
import { Findings, counted } from './finding.ts';
import type { Finding } from './finding.ts';

/** The master keys that are given. */
export function checkKeyRing({ masterKeyIds: ids }: Config): readonly Finding[] {
  const findings = new Findings('keyring');
  if (ids === undefined) {
    return findings.good('KEYTURN_MASTER_KEYS is unset: not needed yet, nothing encrypted is stored by this version').list;
  }
  const repeated = [...new Set(ids.filter((id, index) => ids.indexOf(id) !== index))];
  if (repeated.length > 0) {
    findings.bad(
      `KEYTURN_MASTER_KEYS has more than one key with the id ${repeated.join(', ')}`,
      'give each key an id of its own, and never change the id of a key that was in use',
    );
  }
  return findings.good(`${counted(ids.length, 'key')} in KEYTURN_MASTER_KEYS, ${ids[0]} encrypts; nothing encrypted is stored by this version yet`).list;
}
