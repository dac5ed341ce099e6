import { Envelope } from '../../../gen/keyturn/options/v1/options.ts';
import type { Reason } from '../../contract/model.ts';

/** The code words by which its envelope shows a reason: the usual one first, then that of the gateway's style. */
export function wordsOf({ name, rules }: Reason): string[] {
  if (rules.envelope === Envelope.ENVELOPE_RPC_STATUS) return [name];
  return [rules.word, rules.gatewayWord].filter((word) => word !== '');
}
