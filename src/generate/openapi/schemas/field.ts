import { ScalarType } from '@bufbuild/protobuf';
import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt';
import { JsonUnset } from '../../../../gen/keyturn/options/v1/options.ts';
import { stripEnumPrefix } from '../../../contract/json/enum_names.ts';
import { commentOf } from '../../comments.ts';
import { markdownOf } from '../markdown.ts';
import type { Making } from '../making.ts';
import { partOf } from '../part.ts';
import type { Part } from '../part.ts';
import { isVendor } from './mode.ts';
import type { Mode } from './mode.ts';
import { countRules, rulesOf, textRules } from './rules.ts';
import { scalarSchema } from './scalar.ts';

/** From a message to its schema, which may be a reference. */
export type MessageSchema = (desc: DescMessage, mode: Mode) => Part;

/** The schema of a field as a member, with its comment. */
export function memberSchema(making: Making, field: DescField, mode: Mode, messageSchema: MessageSchema): Part {
  const schema = orNull(fieldSchema(making, field, mode, messageSchema), mayBeNull(making, field, mode));
  return { ...schema, ...notesOf(field) };
}

/** What people are told of a field. */
export interface Notes extends Part {
  readonly description?: string;
}

export function notesOf(field: DescField): Notes {
  const siblings = (field.oneof?.fields ?? []).filter((other) => other !== field).map(({ name }) => `\`${name}\``);
  const texts = [markdownOf(commentOf(field)), siblings.length > 0 ? `Excludes ${siblings.join(', ')}.` : ''].filter((text) => text !== '');
  const { deprecated, debugRedact } = field.proto.options ?? {};
  return partOf({
    description: texts.length > 0 ? texts.join(' ') : undefined,
    deprecated: deprecated === true ? true : undefined,
    'x-debug-redact': debugRedact === true ? true : undefined,
  });
}

/** The schema of the value of a field that is set. */
export function fieldSchema(making: Making, field: DescField, mode: Mode, messageSchema: MessageSchema): Part {
  const rules = mode.way === 'answer' ? undefined : rulesOf(making.image, field);
  const isMany = field.fieldKind === 'list' || field.fieldKind === 'map';
  const each = elementSchema(field, mode, messageSchema);
  const isText = field.scalar === ScalarType.STRING;
  const one = isText && rules !== undefined ? { ...each, ...textRules(rules, isMany) } : each;
  if (field.fieldKind === 'list') return { type: 'array', items: one, ...(rules && countRules(rules, 'list')) };
  if (field.fieldKind === 'map') return { type: 'object', additionalProperties: one, ...(rules && countRules(rules, 'map')) };
  return one;
}

function elementSchema(field: DescField, mode: Mode, messageSchema: MessageSchema): Part {
  if (field.message !== undefined) return messageSchema(field.message, mode);
  if (field.enum !== undefined) return enumSchema(field.enum);
  return scalarSchema(field.scalar ?? ScalarType.STRING, mode);
}

/** Values without the prefix of their type, each with what it means. */
function enumSchema(desc: DescEnum): Part {
  if (desc.typeName === 'google.protobuf.NullValue') return { type: 'null' };
  const values = desc.values.map((value) => ({ name: stripEnumPrefix(desc, value.name), comment: markdownOf(commentOf(value)) }));
  const meanings = values.filter(({ comment }) => comment !== '');
  return partOf({
    type: 'string',
    enum: values.map(({ name }) => name),
    'x-enum-descriptions': meanings.length > 0 ? Object.fromEntries(meanings.map(({ name, comment }) => [name, comment])) : undefined,
  });
}

/** A vendor's request may have null for what it leaves out; an answer has it where its method says so. */
function mayBeNull({ image }: Making, field: DescField, mode: Mode): boolean {
  if (mode.way === 'text' || rulesOf(image, field).required) return false;
  if (mode.way === 'request') return isVendor(mode);
  return mode.jsonUnset === JsonUnset.JSON_UNSET_NULL && hasPresence(field) && field.oneof === undefined;
}

export function hasPresence(field: DescField): boolean {
  return field.fieldKind !== 'list' && field.fieldKind !== 'map' && field.presence !== FeatureSet_FieldPresence.IMPLICIT;
}

export function orNull(schema: Part, isNull: boolean): Part {
  const { type } = schema;
  if (!isNull || Object.keys(schema).length === 0) return schema;
  if (typeof type !== 'string') return { anyOf: [schema, { type: 'null' }] };
  const { enum: values } = schema;
  return { ...schema, type: [type, 'null'], ...(Array.isArray(values) ? { enum: [...(values as unknown[]), null] } : {}) };
}
