import { MIMEType } from 'node:util';
import type { DescMessage, JsonObject } from '@bufbuild/protobuf';
import { FieldRules, Fault } from '../../../../gen/keyturn/options/v1/options.ts';
import type { MethodRules } from '../../../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../../../contract/fault.ts';
import { readOption } from '../../../contract/image.ts';
import type { Image } from '../../../contract/image.ts';
import { contentInvalid } from '../../../contract/json/read.ts';
import { isTextField, textToJson } from '../../../contract/json/text.ts';
import { StrictJsonError, parseStrictJson } from '../../../strict_json.ts';
import { parseQuery } from '../routing/target.ts';

const JSON_TYPE = 'application/json';
const FORM = 'application/x-www-form-urlencoded';

/** A request body with the headers that say what it is. */
export interface TypedBody {
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
  /** A Content-Type sent more than once is malformed. */
  readonly contentTypeRepeated: boolean;
  readonly contentEncoding: string | undefined;
}

/** From the body of a request to a parsed value, not yet compared with the message. */
export type BodyParser = (body: TypedBody) => unknown;

/** Makes the parser for the media types that a method takes. */
export function compileBodyParser(image: Image, desc: DescMessage, rules: MethodRules): BodyParser {
  const form = rules.mediaTypes.includes(FORM) ? compileForm(image, desc) : undefined;
  return (body) => {
    if (body.bytes.length === 0 && rules.emptyBody === true) return {};
    const type = mediaTypeOf(body);
    if (!rules.mediaTypes.includes(type)) throw new FaultError(Fault.FAULT_MEDIA_TYPE, 'the method does not take this media type');
    return type === FORM && form !== undefined ? form(body.bytes) : parseJson(body.bytes);
  };
}

/** The media type without parameters, in lower case. Refuses what is malformed, another charset and any coding. */
function mediaTypeOf({ contentType, contentTypeRepeated, contentEncoding }: TypedBody): string {
  if (contentType === undefined || contentTypeRepeated) {
    throw new FaultError(Fault.FAULT_MEDIA_TYPE, 'there is not exactly one Content-Type');
  }
  if (contentEncoding !== undefined && contentEncoding.toLowerCase() !== 'identity') {
    throw new FaultError(Fault.FAULT_MEDIA_TYPE, 'coded bodies are not taken');
  }
  // What nearly all callers send needs no parser.
  if (contentType === JSON_TYPE) return JSON_TYPE;
  let type: MIMEType;
  try {
    type = new MIMEType(contentType);
  } catch (error) {
    throw new FaultError(Fault.FAULT_MEDIA_TYPE, 'Content-Type is malformed', [], { cause: error });
  }
  const charset = type.params.get('charset');
  if (charset !== null && charset.toLowerCase() !== 'utf-8') throw new FaultError(Fault.FAULT_MEDIA_TYPE, 'the charset is not UTF-8');
  return type.essence;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return parseStrictJson(bytes);
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    throw new FaultError(Fault.FAULT_BODY_UNPARSABLE, error.message, [{ field: '', description: 'the body is not JSON' }]);
  }
}

/** Form members are the message's fields by proto name; others are dropped, as vendors do. */
function compileForm(image: Image, desc: DescMessage): (bytes: Uint8Array) => JsonObject {
  const fields = new Map(
    desc.fields.map((field) => {
      if (!isTextField(field) || field.fieldKind === 'list') throw new Error(`field ${field.name} is not served in a form yet: it is not a single scalar`);
      const rules = readOption(image, field, 'keyturn.options.v1.field', FieldRules);
      return [field.name, { field, plus: rules?.formSpaceIsPlus === true }];
    }),
  );
  return (bytes) => {
    const seen = new Set<string>();
    const form: JsonObject = {};
    for (const [name, text] of formPairs(bytes)) {
      if (seen.has(name)) throw contentInvalid([{ field: name, description: 'is given twice' }]);
      seen.add(name);
      const known = fields.get(name);
      if (known === undefined) continue;
      const value = textToJson(known.field, known.plus ? text.replaceAll(' ', '+') : text);
      if (value === undefined) throw contentInvalid([{ field: name, description: 'is not of its type' }]);
      form[name] = value;
    }
    return form;
  };
}

function formPairs(bytes: Uint8Array): readonly (readonly [string, string])[] {
  const unparsable = new FaultError(Fault.FAULT_BODY_UNPARSABLE, 'the form is malformed');
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
