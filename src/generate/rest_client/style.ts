import type { DescField } from '@bufbuild/protobuf';
import { JsonInput, JsonNames } from '../../../gen/keyturn/options/v1/options.ts';
import type { JsonUnset } from '../../../gen/keyturn/options/v1/options.ts';
import type { Method } from '../../contract/model.ts';

/** How the JSON of a message looks: in requests, or in answers with what they show of unset fields. */
export type Style = RequestStyle | AnswerStyle;

export interface RequestStyle {
  readonly direction: 'in';
  readonly names: JsonNames;
  /** Whether the proto3 JSON forms of numbers as text are refused. */
  readonly isVendor: boolean;
}

export interface AnswerStyle {
  readonly direction: 'out';
  readonly names: JsonNames;
  readonly unset: JsonUnset;
}

/** Requests have the names of the answers, unless the method takes proto names only. */
export function requestStyleOf({ rules }: Method): RequestStyle {
  const isVendor = rules.jsonInput === JsonInput.JSON_INPUT_VENDOR;
  return { direction: 'in', names: isVendor ? JsonNames.JSON_NAMES_PROTO : rules.jsonNames, isVendor };
}

export function answerStyleOf({ rules }: Method): AnswerStyle {
  return { direction: 'out', names: rules.jsonNames, unset: rules.jsonUnset };
}

/** The name of a field in JSON and in a query. */
export function nameIn(field: DescField, { names }: Pick<Style, 'names'>): string {
  return names === JsonNames.JSON_NAMES_PROTO ? field.name : field.jsonName;
}
