import { ScalarType } from '@bufbuild/protobuf';
import type { DescEnum, DescField, JsonValue } from '@bufbuild/protobuf';
import { fullEnumName } from './enum_names.ts';
import { describeScalar, fitsScalar } from './scalar.ts';
import { describeWellKnownText, hasWellKnownText, wellKnownTextToJson, wrappedScalar } from './well_known_text.ts';

/**
 * Whether one value of this field can be written as text, as in a query or a form: scalars, enums, the wrappers,
 * Timestamp, Duration, FieldMask, Struct, Value and ListValue of google.protobuf, and lists of any of these.
 */
export function isTextField(field: DescField): boolean {
  if (field.fieldKind === 'map') return false;
  return field.message === undefined || hasWellKnownText(field.message) || wrappedScalar(field.message) !== undefined;
}

/**
 * One value of a text field (or of a list of them) from its text, as canonical proto3 JSON; undefined if the text is
 * not of the field's type.
 *
 * Numbers are decimal, integers without needless zeros and exact to 64 bits; floats may be `NaN`, `Infinity` and
 * `-Infinity`. Booleans are `true` and `false`, bytes base64 of either alphabet, padded or not. An enum value goes by
 * its name, with or without the prefix of its type, or by a number that the enum has. A wrapper is its bare value.
 */
export function textToJson(field: DescField, text: string): JsonValue | undefined {
  if (field.enum !== undefined) return enumToJson(field.enum, text);
  if (field.scalar !== undefined) return scalarToJson(field.scalar, text);
  if (field.message === undefined) return undefined;
  const scalar = wrappedScalar(field.message);
  return scalar === undefined ? wellKnownTextToJson(field.message, text) : scalarToJson(scalar, text);
}

/** What a field expects, for people. */
export function describeText(field: DescField): string {
  if (field.enum !== undefined) return `a value of ${field.enum.typeName}`;
  const scalar = field.scalar ?? (field.message && wrappedScalar(field.message));
  if (scalar !== undefined) return describeScalar(scalar);
  return field.message === undefined ? 'text' : describeWellKnownText(field.message);
}

/**
 * The same text for every spelling of one value of a scalar or enum in canonical JSON: an integer as a number or as
 * text, an enum value by name or by number, bytes in either alphabet.
 */
export function comparable(field: DescField, value: JsonValue): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // Of all enums only NullValue has a value that is null in JSON.
  if (field.enum !== undefined) return value === null ? '0' : String(field.enum.values.find(({ name }) => name === text)?.number ?? text);
  switch (field.scalar) {
    case undefined:
    case ScalarType.STRING:
    case ScalarType.BOOL:
      return text;
    case ScalarType.BYTES:
      // Node reads both alphabets, and stops at the padding.
      return Buffer.from(text, 'base64').toString('hex');
    case ScalarType.FLOAT:
      return String(Math.fround(Number(text)));
    case ScalarType.DOUBLE:
      return String(Number(text));
    default:
      return String(BigInt(text));
  }
}

function enumToJson(desc: DescEnum, text: string): JsonValue | undefined {
  const number = /^(?:0|-?[1-9][0-9]{0,9})$/.test(text) ? desc.value[Number(text)]?.number : undefined;
  if (desc.typeName === 'google.protobuf.NullValue') return text === 'null' || text === 'NULL_VALUE' || number === 0 ? null : undefined;
  return fullEnumName(desc, text) ?? number;
}

function scalarToJson(type: ScalarType, text: string): JsonValue | undefined {
  if (type === ScalarType.BOOL) return text === 'true' ? true : text === 'false' ? false : undefined;
  if (!fitsScalar(type, text, true)) return undefined;
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return text;
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return floatToJson(type, text);
    default:
      return integerToJson(BigInt(text));
  }
}

/** A number, which all modes of reading take, unless only text is exact. */
function integerToJson(integer: bigint): JsonValue {
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : String(integer);
}

/** The words for what is not finite stay words, also in JSON. */
function floatToJson(type: ScalarType, text: string): JsonValue {
  const number = type === ScalarType.FLOAT ? Math.fround(Number(text)) : Number(text);
  return Number.isFinite(number) ? number : text;
}
