import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { hasCustomJsonRepresentation } from '@bufbuild/protobuf/wkt';
import type { HttpRule } from '../../../gen/google/api/http.ts';
import { JsonInput, JsonNames, Query } from '../../../gen/keyturn/options/v1/options.ts';
import { isTextField } from '../../contract/json/text.ts';
import type { Method } from '../../contract/model.ts';
import { areSiblings, follow, nameOf } from '../../transport/rest/binding/fields.ts';
import type { FieldPath } from '../../transport/rest/binding/fields.ts';
import type { Making } from './making.ts';
import { partOf } from './part.ts';
import type { Part } from './part.ts';
import type { PathParameter } from './paths.ts';
import { exampleMember, fieldSample } from './samples.ts';
import { fieldSchema, notesOf } from './schemas/field.ts';
import type { Notes } from './schemas/field.ts';
import { rulesOf } from './schemas/rules.ts';
import { messageSchema } from './schemas/message.ts';

/** The parameters of a path. */
export function pathParameters(making: Making, parameters: readonly PathParameter[]): Part[] {
  return parameters.map(({ name, kind, field, partOf: whole }) => {
    const { description, ...notes }: Notes = field === undefined ? {} : notesOf(field);
    const texts = [
      description,
      whole === undefined ? undefined : `A segment of \`${whole}\`.`,
      kind === 'rest' ? 'Zero or more segments, with slashes between them that are sent as they are.' : undefined,
    ].filter((text) => text !== undefined);
    const schema = field === undefined || whole !== undefined ? { type: 'string' } : textSchema(making, field);
    return partOf({
      name,
      in: 'path',
      required: true,
      description: texts.length > 0 ? texts.join(' ') : undefined,
      ...notes,
      // A segment is never empty.
      schema: kind === 'any' && schema['type'] === 'string' && !('pattern' in schema || 'enum' in schema) ? { ...schema, minLength: 1 } : schema,
      ...(field === undefined || whole !== undefined ? {} : exampleMember(fieldSample(making, field, { way: 'text' }))),
      'x-multi-segment': kind === 'rest' ? true : undefined,
    });
  });
}

/** The keys of the query: the fields that neither path nor body gives. */
export function queryParameters(making: Making, { desc, rules }: Method, rule: HttpRule, bound: readonly string[]): Part[] {
  if (rules.query === Query.QUERY_IGNORED || rule.body === '*') return [];
  const taken = [...bound, ...(rule.body === '' ? [] : [rule.body])].map((name) => follow(desc.input, name, 'proto').path);
  const byJsonName = rules.jsonNames === JsonNames.JSON_NAMES_JSON && rules.jsonInput !== JsonInput.JSON_INPUT_VENDOR;
  return leavesOf(desc.input, [], taken).map((path) => {
    const field = path.at(-1) as DescField;
    return partOf({
      name: byJsonName ? path.map(({ jsonName }) => jsonName).join('.') : nameOf(path),
      in: 'query',
      required: path.length === 1 && rulesOf(making.image, field).required ? true : undefined,
      ...notesOf(field),
      schema: textSchema(making, field),
      ...exampleMember(fieldSample(making, field, { way: 'text' })),
    });
  });
}

/** The fields that have a text, in messages too, but not in one within itself. */
function leavesOf(desc: DescMessage, above: FieldPath, taken: readonly FieldPath[]): FieldPath[] {
  return desc.fields.flatMap((field) => {
    const path = [...above, field];
    if (taken.some((other) => nameOf(other) === nameOf(path) || areSiblings(other, path))) return [];
    if (isTextField(field)) return [path];
    const { message } = field;
    const isOpen = field.fieldKind === 'message' && message !== undefined && !hasCustomJsonRepresentation(message);
    const isAgain = message === desc || above.some((each) => each.message === message);
    return isOpen && !isAgain ? leavesOf(message, path, taken) : [];
  });
}

function textSchema(making: Making, field: DescField): Part {
  return fieldSchema(making, field, { way: 'text' }, (message, mode) => messageSchema(making, message, mode));
}
