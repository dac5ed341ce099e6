import type { Config } from '../config/index.ts';
import { Findings, counted } from './finding.ts';
import type { Finding } from './finding.ts';

/** The master keys that are given. */
export function checkKeyRing({ masterKeys: keys }: Config): readonly Finding[] {
  const findings = new Findings('keyring');
  if (keys === undefined) return findings.good('KEYTURN_MASTER_KEYS is unset: the key ring is master.keys of the data folder').list;
  return findings.good(`${counted(keys.length, 'key')} in KEYTURN_MASTER_KEYS, ${keys[0]?.id} encrypts`).list;
}
