import type { DescMessage } from '@bufbuild/protobuf';
import { isWrapperDesc } from '@bufbuild/protobuf/wkt';
import type { Part } from '../part.ts';
import type { Mode } from './mode.ts';
import { scalarSchema } from './scalar.ts';

const SCHEMAS: ReadonlyMap<string, Part> = new Map<string, Part>([
  ['google.protobuf.Timestamp', { type: 'string', format: 'date-time' }],
  ['google.protobuf.Duration', { type: 'string', pattern: '^-?[0-9]{1,12}(?:\\.[0-9]{1,9})?s$' }],
  ['google.protobuf.FieldMask', { type: 'string' }],
  ['google.protobuf.Struct', { type: 'object', additionalProperties: true }],
  ['google.protobuf.ListValue', { type: 'array', items: {} }],
  ['google.protobuf.Value', {}],
  ['google.protobuf.Any', { type: 'object', properties: { '@type': { type: 'string' } }, additionalProperties: true }],
]);

/** The schema of a message that has a JSON form of its own; undefined for others. */
export function wellKnownSchema(desc: DescMessage, mode: Mode): Part | undefined {
  return isWrapperDesc(desc) ? scalarSchema(desc.fields[0].scalar, mode) : SCHEMAS.get(desc.typeName);
}
