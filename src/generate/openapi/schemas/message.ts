import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { JsonNames, JsonUnset } from '../../../../gen/keyturn/options/v1/options.ts';
import { isTextField } from '../../../contract/json/text.ts';
import { commentOf } from '../../comments.ts';
import { markdownOf } from '../markdown.ts';
import type { Making } from '../making.ts';
import { partOf } from '../part.ts';
import type { Part } from '../part.ts';
import { hasPresence, memberSchema } from './field.ts';
import type { MessageSchema } from './field.ts';
import { isVendor, wordOf } from './mode.ts';
import type { Mode } from './mode.ts';
import { rulesOf } from './rules.ts';
import { wellKnownSchema } from './well_known.ts';

/**
 * The schema of a message, without the top-level fields `without`: that of its
 * JSON form if it has one of its own, a reference for others.
 */
export function messageSchema(making: Making, desc: DescMessage, mode: Mode, without: readonly string[] = []): Part {
  const known = wellKnownSchema(desc, mode);
  if (known !== undefined) return known;
  const missing = desc.fields.filter(({ name }) => without.includes(name)).map(({ name }) => name);
  const word = wordOf(mode);
  const variant = { name: nameOf(making, desc), form: [word, ...missing].join(' '), suffix: missing.length > 0 ? `${word}Body` : word };
  return making.schemas.refer(variant, () => objectSchema(making, desc, mode, missing));
}

function objectSchema(making: Making, desc: DescMessage, mode: Mode, without: readonly string[]): Part {
  const inner: MessageSchema = (message, way) => messageSchema(making, message, way);
  const fields = desc.fields
    .filter((field) => !without.includes(field.name) && (mode.way !== 'text' || isTextField(field)))
    .toSorted((a, b) => a.number - b.number);
  const required = fields.filter((field) => isRequired(making, field, mode)).map((field) => nameIn(field, mode));
  const comment = markdownOf(commentOf(desc));
  return partOf({
    type: 'object',
    description: comment === '' ? undefined : comment,
    properties: fields.length > 0 ? Object.fromEntries(fields.map((field) => [nameIn(field, mode), memberSchema(making, field, mode, inner)])) : undefined,
    required: required.length > 0 ? required : undefined,
    // What else a vendor's client sends is dropped; what a later version answers may have more.
    additionalProperties: mode.way === 'request' && !isVendor(mode) ? false : undefined,
  });
}

/** The member of a field in JSON; a form has the names of the proto. */
export function nameIn(field: DescField, mode: Mode): string {
  return mode.way !== 'text' && mode.jsonNames === JsonNames.JSON_NAMES_JSON && !isVendor(mode) ? field.jsonName : field.name;
}

function isRequired({ image }: Making, field: DescField, mode: Mode): boolean {
  if (mode.way !== 'answer' || rulesOf(image, field).required) return rulesOf(image, field).required;
  if (mode.jsonUnset === JsonUnset.JSON_UNSET_OMIT) return false;
  return !hasPresence(field) || (mode.jsonUnset === JsonUnset.JSON_UNSET_NULL && field.oneof === undefined);
}

/** Its name in the package of the contract, else its full name. */
function nameOf({ packageName }: Making, { typeName }: DescMessage): string {
  return typeName.startsWith(`${packageName}.`) ? typeName.slice(packageName.length + 1) : typeName;
}
