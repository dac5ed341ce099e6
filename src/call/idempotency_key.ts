import { Fault } from '../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../contract/fault.ts';
import type { MetadataValue } from './call.ts';

const VISIBLE = /^[!-~]{1,255}$/;
/** A string of RFC 9651 section 3.3.3. */
const QUOTED = /^"((?:[^"\\]|\\["\\])*)"$/;

/**
 * The idempotency key of a call (contracts/iotda.md 5.4) out of the values of
 * its metadata: a quoted string or bare text, where the same text is the same
 * key; undefined if there is none. Throws a FaultError if it is malformed or
 * was sent more than once.
 */
export function readIdempotencyKey(values: readonly MetadataValue[] | undefined): string | undefined {
  const [value] = values ?? [];
  if (value === undefined) return undefined;
  const key = values?.length === 1 && typeof value === 'string' ? textOf(value) : undefined;
  if (key !== undefined && VISIBLE.test(key)) return key;
  const description = 'expects one value of 1 to 255 visible ASCII characters, bare or as a quoted string';
  throw new FaultError(Fault.FAULT_CONTENT_INVALID, 'the idempotency key is malformed', [{ field: 'idempotency-key', description }]);
}

/** What begins with a quote is a quoted string, and nothing else. */
function textOf(value: string): string | undefined {
  if (!value.startsWith('"')) return value;
  return QUOTED.exec(value)?.[1]?.replaceAll(/\\(["\\])/g, '$1');
}
