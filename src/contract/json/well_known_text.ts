import type { DescMessage, JsonValue, ScalarType } from '@bufbuild/protobuf';
import { isWrapperDesc } from '@bufbuild/protobuf/wkt';
import { StrictJsonError, parseStrictJson } from '../../strict_json.ts';
import { fitsWellKnown } from './well_known.ts';

/** How a message of google.protobuf is written as text. */
interface TextForm {
  /** What it expects, for people. */
  readonly expects: string;
  /** The JSON that the text stands for, which may not fit yet; undefined if there is none. */
  readonly toJson: (text: string) => JsonValue | undefined;
}

/** A Struct is three messages deep at each level, and decoders stop at 100. */
const MOST_JSON_DEPTH = 20;
const MOST_MESSAGES = 3 * MOST_JSON_DEPTH + 1;

/** Field paths in snake_case, in camelCase or mixed, such as a JSON form can have; `*` for any field. */
const FIELD_NAME = String.raw`(?:\*|[a-z][A-Za-z0-9]*(?:_[a-z][A-Za-z0-9]*)*)`;
const FIELD_MASK = new RegExp(String.raw`^${FIELD_NAME}(?:[.,]${FIELD_NAME})*$`);

const FORMS: ReadonlyMap<string, TextForm> = new Map([
  ['google.protobuf.Timestamp', { expects: 'a time such as 2026-01-31T12:00:00Z', toJson: asIs }],
  ['google.protobuf.Duration', { expects: 'seconds such as 1.5s', toJson: asIs }],
  ['google.protobuf.FieldMask', { expects: 'field paths parted by commas', toJson: maskToJson }],
  ['google.protobuf.Struct', { expects: 'a JSON object', toJson: parseText }],
  ['google.protobuf.ListValue', { expects: 'a JSON array', toJson: parseText }],
  ['google.protobuf.Value', { expects: 'a JSON value', toJson: parseText }],
]);

/** The type of a wrapper's value; undefined for a message that is no wrapper. */
export function wrappedScalar(desc: DescMessage): ScalarType | undefined {
  return isWrapperDesc(desc) ? desc.fields[0].scalar : undefined;
}

/** Whether this message, none of the wrappers, can be written as text. */
export function hasWellKnownText(desc: DescMessage): boolean {
  return FORMS.has(desc.typeName);
}

/** The canonical JSON of such a message, or undefined if the text does not have its form. */
export function wellKnownTextToJson(desc: DescMessage, text: string): JsonValue | undefined {
  const json = FORMS.get(desc.typeName)?.toJson(text);
  return json !== undefined && fitsWellKnown(desc, json, true, MOST_MESSAGES) ? json : undefined;
}

/** What such a message expects, for people. */
export function describeWellKnownText(desc: DescMessage): string {
  return FORMS.get(desc.typeName)?.expects ?? desc.typeName;
}

function asIs(text: string): JsonValue {
  return text;
}

function maskToJson(text: string): JsonValue | undefined {
  if (text !== '' && !FIELD_MASK.test(text)) return undefined;
  return text.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function parseText(text: string): JsonValue | undefined {
  try {
    return parseStrictJson(text, { depth: MOST_JSON_DEPTH }) as JsonValue;
  } catch (error) {
    if (error instanceof StrictJsonError) return undefined;
    throw error;
  }
}
