import { parseJsonObject } from '../crypto/json_object.ts';
import type { Answer } from './exchange.ts';

/**
 * What an answer says that grants nothing (contracts/iothentix.md 3 and 7). `unauthorized`: the JWT was not accepted.
 * `malformed`, `forbidden`, `limited`: it was, for it verifies with the current key, but nothing was changed. `doubt`:
 * anything else; not the service's word, or not its last one.
 */
export type Refusal = 'malformed' | 'unauthorized' | 'forbidden' | 'limited' | 'doubt';

/** What the answer to an update says. `updated`: the new key counts. */
export type Verdict = 'updated' | Refusal;

const REFUSALS: ReadonlyMap<number, Refusal> = new Map([
  [400, 'malformed'],
  [401, 'unauthorized'],
  [403, 'forbidden'],
  [429, 'limited'],
]);

/** Judges the answer to an update. A status counts only with the body that the service sends with it: proxies have statuses too. */
export function judge(answer: Answer): Verdict {
  if (answer.status !== 200) return refusalOf(answer);
  return parseJsonObject(answer.body)?.['Success'] === 'Public key updated' ? 'updated' : 'doubt';
}

/** Judges an answer that is not 200. */
export function refusalOf({ status, body }: Answer): Refusal {
  const error = parseJsonObject(body)?.['error'];
  const isOurs = typeof error === 'object' && error !== null && 'code' in error && error.code === status;
  return (isOurs ? REFUSALS.get(status) : undefined) ?? 'doubt';
}
