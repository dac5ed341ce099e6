import type { DescMessage, JsonObject } from '@bufbuild/protobuf';
import { FieldRules, Fault } from '../../../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../../../contract/fault.ts';
import { readOption } from '../../../contract/image.ts';
import type { Image } from '../../../contract/image.ts';
import { contentInvalid } from '../../../contract/json/read.ts';
import { describeText, isTextField, textToJson } from '../../../contract/json/text.ts';
import { parseQuery } from '../routing/target.ts';

/** From the bytes of a form to canonical JSON with proto names. Throws a FaultError. */
export type FormParser = (bytes: Uint8Array) => JsonObject;

/**
 * Makes the parser of forms (application/x-www-form-urlencoded) for a message:
 * members are its fields by proto name, as far as text can give them; others
 * are dropped, as vendors do. A member is given once, but for lists, which
 * collect theirs. `path` leads to the message and names it in violations.
 */
export function compileForm(image: Image, desc: DescMessage, path: string): FormParser {
  const fields = new Map(
    desc.fields.filter(isTextField).map((field) => {
      const rules = readOption(image, field, 'keyturn.options.v1.field', FieldRules);
      return [field.name, { field, plus: rules?.formSpaceIsPlus === true }];
    }),
  );
  return (bytes) => {
    const seen = new Set<string>();
    const chosen = new Set<unknown>();
    const form: JsonObject = {};
    for (const [name, text] of formPairs(bytes)) {
      const known = fields.get(name);
      const isList = known?.field.fieldKind === 'list';
      const refuse = (description: string): never => {
        throw contentInvalid([{ field: path === '' ? name : `${path}.${name}`, description }]);
      };
      if (seen.has(name) && !isList) refuse('is given twice');
      seen.add(name);
      if (known === undefined) continue;
      const { field, plus } = known;
      if (field.oneof !== undefined && chosen.has(field.oneof)) refuse('excludes another member of its oneof');
      chosen.add(field.oneof);
      const value = textToJson(field, plus ? text.replaceAll(' ', '+') : text);
      if (value === undefined) return refuse(`must be ${describeText(field)}`);
      const list = form[field.name];
      if (!isList) form[field.name] = value;
      else if (Array.isArray(list)) list.push(value);
      else form[field.name] = [value];
    }
    return form;
  };
}

function formPairs(bytes: Uint8Array): readonly (readonly [string, string])[] {
  const unparsable = new FaultError(Fault.FAULT_BODY_UNPARSABLE, 'the form is malformed', [{ field: '', description: 'the body is not a form' }]);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw unparsable;
  }
  const pairs = parseQuery(text);
  if (pairs === undefined) throw unparsable;
  return pairs;
}
