import { ScalarType } from '@bufbuild/protobuf';
import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import { isWrapperDesc, FeatureSet_FieldPresence as Presence } from '@bufbuild/protobuf/wkt';
import type { Printable } from '@bufbuild/protoplugin';
import { JsonUnset } from '../../../gen/keyturn/options/v1/options.ts';
import type { Style } from './style.ts';

/** What a type is printed with. */
export interface Names {
  /** A type of the runtime. */
  readonly runtime: (name: string) => Printable;
  readonly enum: (desc: DescEnum) => Printable;
  readonly message: (desc: DescMessage, style: Style) => Printable;
}

const INTEGERS_64 = new Set([ScalarType.INT64, ScalarType.SINT64, ScalarType.SFIXED64, ScalarType.UINT64, ScalarType.FIXED64]);
const TEXTS = new Set(['google.protobuf.Timestamp', 'google.protobuf.Duration', 'google.protobuf.FieldMask']);

/** The type of a field's value where it is set. */
export function typeOfField(field: DescField, style: Style, names: Names): Printable[] {
  const one = typeOfElement(field, style, names);
  if (field.fieldKind === 'map') return ['{ readonly [key: string]: ', one, ' }'];
  return field.fieldKind === 'list' ? ['ReadonlyArray<', one, '>'] : one;
}

function typeOfElement({ scalar, enum: desc, message }: DescField, style: Style, names: Names): Printable[] {
  if (message !== undefined) return typeOfMessage(message, style, names);
  if (desc !== undefined) return [desc.typeName === 'google.protobuf.NullValue' ? 'null' : names.enum(desc)];
  return typeOfScalar(scalar, style, names);
}

/** The JSON of a message by itself. */
export function typeOfMessage(desc: DescMessage, style: Style, names: Names): Printable[] {
  if (isWrapperDesc(desc)) return typeOfScalar(desc.fields[0].scalar, style, names);
  if (TEXTS.has(desc.typeName)) return ['string'];
  switch (desc.typeName) {
    case 'google.protobuf.Struct':
      return [names.runtime('JsonObject')];
    case 'google.protobuf.Value':
      return [names.runtime('JsonValue')];
    case 'google.protobuf.ListValue':
      return ['ReadonlyArray<', names.runtime('JsonValue'), '>'];
    case 'google.protobuf.Any':
      return [names.runtime('AnyMessage')];
    default:
      return [names.message(desc, style)];
  }
}

/** Whether it is printed as an interface of its own. */
export function isOwnMessage(desc: DescMessage): boolean {
  const runtimes = new Set(['Struct', 'Value', 'ListValue', 'Any'].map((name) => `google.protobuf.${name}`));
  return !isWrapperDesc(desc) && !TEXTS.has(desc.typeName) && !runtimes.has(desc.typeName);
}

function typeOfScalar(type: ScalarType | undefined, style: Style, names: Names): Printable[] {
  const isVendor = style.direction === 'in' && style.isVendor;
  switch (type) {
    case ScalarType.BOOL:
      return ['boolean'];
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return ['string'];
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return [style.direction === 'in' ? 'number' : names.runtime('JsonDouble')];
    default:
      if (type === undefined || !INTEGERS_64.has(type) || isVendor) return ['number'];
      return [style.direction === 'in' ? names.runtime('Integer64') : 'string'];
  }
}

/** What an answer shows of a field that is not set. */
export type Unset = 'absent' | 'null' | 'default';

/** Whether a field that is not set can be told from one with its default value. */
export function hasPresence(field: DescField): boolean {
  return field.presence !== Presence.IMPLICIT && field.fieldKind !== 'list' && field.fieldKind !== 'map';
}

export function unsetOf(field: DescField, unset: JsonUnset): Unset {
  if (unset === JsonUnset.JSON_UNSET_OMIT) return 'absent';
  if (!hasPresence(field)) return 'default';
  return unset === JsonUnset.JSON_UNSET_NULL && field.oneof === undefined ? 'null' : 'absent';
}
