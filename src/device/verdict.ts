import { parseJsonObject } from '../crypto/json_object.ts';
import type { Answer } from './exchange.ts';

/**
 * What an answer says (contracts/iothentix.md 3 and 7). `updated`: the new key counts. `unauthorized`: the JWT was not
 * accepted. `malformed`, `forbidden`, `limited`: it was, for it verifies with the current key, but nothing was changed.
 * `doubt`: anything else; not the service's word, or not its last one.
 */
export type Verdict = 'updated' | 'malformed' | 'unauthorized' | 'forbidden' | 'limited' | 'doubt';

const REFUSALS: ReadonlyMap<number, Verdict> = new Map([
  [400, 'malformed'],
  [401, 'unauthorized'],
  [403, 'forbidden'],
  [429, 'limited'],
]);

/** Judges an answer. A status counts only with the body that the service sends with it: proxies have statuses too. */
export function judge({ status, body }: Answer): Verdict {
  const json = parseJsonObject(body);
  if (status === 200) return json?.['Success'] === 'Public key updated' ? 'updated' : 'doubt';
  const error = json?.['error'];
  const isOurs = typeof error === 'object' && error !== null && 'code' in error && error.code === status;
  return (isOurs ? REFUSALS.get(status) : undefined) ?? 'doubt';
}
