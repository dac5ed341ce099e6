import { fromJson } from '@bufbuild/protobuf';
import type { DescMessage, JsonValue, ScalarType } from '@bufbuild/protobuf';
import { StrictJsonError, parseStrictJson } from '../../strict_json.ts';

/** How a message of google.protobuf is written as text. */
interface TextForm {
  /** What it expects, for people. */
  readonly expects: string;
  /** Its canonical JSON, or undefined for a text that cannot be any. */
  readonly toJson: (text: string) => JsonValue | undefined;
}

/** A Struct is three messages deep at each level, and decoders stop at 100. */
const MOST_JSON_DEPTH = 20;

/** RFC 3339 section 5.6, in upper case, with up to nine digits of a second. */
const TIME = /^(\d{4}-\d\d-(\d\d))T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

const DURATION = /^-?(\d{1,12})(?:\.(\d{1,9}))?s$/;
/** About 10,000 years: google/protobuf/duration.proto. */
const MOST_SECONDS = 315_576_000_000;

/** Field paths in snake_case, in camelCase or mixed, such as a JSON form can have; `*` for any field. */
const FIELD_NAME = String.raw`(?:\*|[a-z][A-Za-z0-9]*(?:_[a-z][A-Za-z0-9]*)*)`;
const FIELD_MASK = new RegExp(String.raw`^${FIELD_NAME}(?:[.,]${FIELD_NAME})*$`);

const FORMS: ReadonlyMap<string, TextForm> = new Map([
  ['google.protobuf.Timestamp', { expects: 'a time such as 2026-01-31T12:00:00Z', toJson: timeToJson }],
  ['google.protobuf.Duration', { expects: 'seconds such as 1.5s', toJson: durationToJson }],
  ['google.protobuf.FieldMask', { expects: 'field paths parted by commas', toJson: maskToJson }],
  ['google.protobuf.Struct', { expects: 'a JSON object', toJson: parseText }],
  ['google.protobuf.ListValue', { expects: 'a JSON array', toJson: parseText }],
  ['google.protobuf.Value', { expects: 'a JSON value', toJson: parseText }],
]);

const WRAPPERS = new Set(
  ['String', 'Bytes', 'Bool', 'Int32', 'UInt32', 'Int64', 'UInt64', 'Float', 'Double'].map((name) => `google.protobuf.${name}Value`),
);

/** The type of a wrapper's value; undefined for a message that is no wrapper. */
export function wrappedScalar(desc: DescMessage): ScalarType | undefined {
  return WRAPPERS.has(desc.typeName) ? desc.fields[0]?.scalar : undefined;
}

/** Whether this message, none of the wrappers, can be written as text. */
export function hasWellKnownText(desc: DescMessage): boolean {
  return FORMS.has(desc.typeName);
}

/** The canonical JSON of such a message, or undefined if the text does not have its form. */
export function wellKnownTextToJson(desc: DescMessage, text: string): JsonValue | undefined {
  const json = FORMS.get(desc.typeName)?.toJson(text);
  if (json === undefined) return undefined;
  try {
    // It knows what is left: the range of times, and which JSON is an object.
    fromJson(desc, json);
    return json;
  } catch {
    return undefined;
  }
}

/** What such a message expects, for people. */
export function describeWellKnownText(desc: DescMessage): string {
  return FORMS.get(desc.typeName)?.expects ?? desc.typeName;
}

function timeToJson(text: string): JsonValue | undefined {
  const [, date = '', day] = TIME.exec(text) ?? [];
  // By itself Date turns February 30 into March 2.
  return new Date(`${date}T00:00:00Z`).getUTCDate() === Number(day) ? text : undefined;
}

function durationToJson(text: string): JsonValue | undefined {
  const [, seconds, fraction = ''] = DURATION.exec(text) ?? [];
  if (seconds === undefined) return undefined;
  const isTooLong = Number(seconds) > MOST_SECONDS || (Number(seconds) === MOST_SECONDS && Number(fraction) > 0);
  return isTooLong ? undefined : text;
}

function maskToJson(text: string): JsonValue | undefined {
  if (text !== '' && !FIELD_MASK.test(text)) return undefined;
  return text.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function parseText(text: string): JsonValue | undefined {
  try {
    const value = parseStrictJson(text, { depth: MOST_JSON_DEPTH });
    return holdsProto(value) ? undefined : (value as JsonValue);
  } catch (error) {
    if (error instanceof StrictJsonError) return undefined;
    throw error;
  }
}

/** ts-proto would lose a member of this name. */
function holdsProto(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(holdsProto);
}
