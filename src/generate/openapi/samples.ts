import { ScalarType } from '@bufbuild/protobuf';
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { JsonUnset } from '../../../gen/keyturn/options/v1/options.ts';
import { isTextField } from '../../contract/json/text.ts';
import { RANGES_64 } from '../../contract/json/scalar.ts';
import type { Making } from './making.ts';
import type { Part } from './part.ts';
import { hasPresence } from './schemas/field.ts';
import { nameIn } from './schemas/message.ts';
import { isVendor } from './schemas/mode.ts';
import type { Mode } from './schemas/mode.ts';
import { rulesOf } from './schemas/rules.ts';

/** Of these the JSON is text. */
const TEXT_MESSAGES = new Set(['google.protobuf.Timestamp', 'google.protobuf.Duration', 'google.protobuf.FieldMask']);
/** Messages in one another; the rest is left out. */
const DEEPEST = 8;

/** A member `example`, where the contract has values for it. */
export function exampleMember(example: unknown): Part {
  return example === undefined ? {} : { example };
}

/** An example of a message, of the examples of its fields; undefined if none of them has one. Answers have what is unset as well. */
export function sampleOf(making: Making, desc: DescMessage, mode: Mode, without: readonly string[] = [], depth = 0): Part | undefined {
  if (depth > DEEPEST) return undefined;
  const fields = desc.fields.filter(({ name }) => !without.includes(name)).toSorted((a, b) => a.number - b.number);
  const own = fields.map((field) => [field, fieldSample(making, field, mode, depth)] as const);
  if (own.every(([, value]) => value === undefined)) return undefined;
  const shown = own.flatMap(([field, value]) => {
    const all = value ?? unsetOf(making, field, mode);
    return all === undefined ? [] : [[nameIn(field, mode), all] as const];
  });
  return Object.fromEntries(shown);
}

/** An example of the value of a field; undefined if there is none. */
export function fieldSample(making: Making, field: DescField, mode: Mode, depth = 0): unknown {
  if (mode.way === 'text' && !isTextField(field)) return undefined;
  const { example } = rulesOf(making.image, field);
  if (example !== '') return isText(field, mode) ? example : (JSON.parse(example) as unknown);
  if (field.message === undefined || field.fieldKind === 'map' || field.message.typeName.startsWith('google.protobuf.')) return undefined;
  const inner = sampleOf(making, field.message, mode, [], depth + 1);
  return inner !== undefined && field.fieldKind === 'list' ? [inner] : inner;
}

function isText({ fieldKind, scalar, message, enum: values }: DescField, mode: Mode): boolean {
  if (fieldKind === 'list' || fieldKind === 'map') return false;
  if (message !== undefined) return TEXT_MESSAGES.has(message.typeName);
  if (scalar !== undefined && RANGES_64.has(scalar)) return !isVendor(mode);
  return values !== undefined || scalar === ScalarType.STRING || scalar === ScalarType.BYTES;
}

/** What an answer shows of a field that is not set; a request leaves it out. */
function unsetOf({ image }: Making, field: DescField, mode: Mode): unknown {
  if (mode.way !== 'answer' || mode.jsonUnset === JsonUnset.JSON_UNSET_OMIT) return undefined;
  if (hasPresence(field)) return mode.jsonUnset === JsonUnset.JSON_UNSET_NULL && field.oneof === undefined && !rulesOf(image, field).required ? null : undefined;
  if (field.fieldKind === 'list') return [];
  if (field.fieldKind === 'map') return {};
  if (field.fieldKind === 'enum') return undefined;
  return unsetScalar(field, mode);
}

function unsetScalar(field: DescField, mode: Mode): unknown {
  if (field.scalar === ScalarType.BOOL) return false;
  if (field.scalar !== undefined && RANGES_64.has(field.scalar)) return isVendor(mode) ? 0 : '0';
  return isText(field, mode) ? '' : 0;
}
