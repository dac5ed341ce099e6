import { Fault } from '../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../contract/fault.ts';
import type { Violation } from '../contract/fault.ts';
import type { Metadata, MetadataValue } from './call.ts';

/** What both wires carry as it is. */
const PRINTABLE = /^[ -~]*$/;
/** What a caller would like, and a service may leave aside (RFC 9110 section 12.5): whatever it says, no call is refused for it. */
const WISHES = /^accept(?:$|-)/;
const NONE: ReadonlyMap<string, readonly MetadataValue[]> = new Map();

/** Request metadata of these names as far as it was sent. Throws a FaultError that names each one that cannot be read. */
export function readMetadata(metadata: Metadata, names: readonly string[]): ReadonlyMap<string, readonly MetadataValue[]> {
  if (names.length === 0) return NONE;
  const read = new Map<string, readonly MetadataValue[]>();
  const violations: Violation[] = [];
  for (const name of names) {
    const values = metadata.values(name);
    if (values === undefined) violations.push({ field: name, description: 'expects base64' });
    else if (!WISHES.test(name) && values.some((value) => typeof value === 'string' && !PRINTABLE.test(value))) violations.push({ field: name, description: 'expects printable ASCII' });
    else if (values.length > 0) read.set(name, values);
  }
  if (violations.length > 0) throw new FaultError(Fault.FAULT_CONTENT_INVALID, 'request metadata that does not fit', violations);
  return read;
}

/** Whether a value can be sent as response metadata over both wires. */
export function isSendable(value: string): boolean {
  return PRINTABLE.test(value);
}
