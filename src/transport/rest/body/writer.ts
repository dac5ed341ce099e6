import type { DescField } from '@bufbuild/protobuf';
import type { ResponseForm } from '../../../../gen/keyturn/options/v1/options.ts';
import type { Image } from '../../../contract/image.ts';
import { compileDirectWriter } from '../../../contract/json/direct_write.ts';
import { compileFieldWriter, compileJsonWriter } from '../../../contract/json/write.ts';
import type { Method } from '../../../contract/model.ts';
import { JSON_TYPE, isSendableType } from './media.ts';
import { rawKindOf, readRaw } from './raw.ts';

/** The body of an answer. */
export interface AnswerBody {
  readonly contentType: string;
  readonly content: string | Uint8Array;
}

/**
 * From ts-proto's response message, which `encode` serializes where that is
 * needed, to the body of its answer. Throws an Error if it cannot be written.
 */
export type AnswerWriter = (message: object, encode: (message: object) => Uint8Array, form?: string) => AnswerBody;

/** What google/api/httpbody.proto leaves open: RFC 9110 section 8.3 has it for content of which nothing is known. */
const UNKNOWN_TYPE = 'application/octet-stream';

/**
 * Makes the writer of answers for a rule whose response_body is `field`, or the
 * whole message if that is undefined. Throws an Error if the method has a
 * response_media_type in which such an answer cannot leave. The writer throws
 * for a form that the method does not list.
 */
export function compileAnswerWriter(image: Image, method: Method, field: DescField | undefined): AnswerWriter {
  const write = compileUsualWriter(image, method, field);
  const forms = new Map(method.rules.responseForms.map((form) => [form.name, compileForm(method, form, write)]));
  if (forms.size === 0) return write;
  return (message, encode, name) => {
    const writeForm = name === undefined ? write : forms.get(name);
    if (writeForm === undefined) throw new Error(`${method.path} has no response form ${name}`);
    return writeForm(message, encode);
  };
}

/** A form of which only the media type is another, or the bare value of a field. */
function compileForm({ desc: { output } }: Method, { mediaType: contentType, field: name }: ResponseForm, usual: AnswerWriter): AnswerWriter {
  if (name === '') return (message, encode) => ({ contentType, content: usual(message, encode).content });
  const field = output.fields.find((candidate) => candidate.name === name);
  const raw = rawKindOf(output, field);
  if (field === undefined || raw === undefined) throw new Error(`${output.typeName} has no field ${name} with a bare value`);
  return (message, encode) => ({ contentType, content: readRaw(raw, field, encode(message)).data });
}

function compileUsualWriter(image: Image, { desc: { output }, rules }: Method, field: DescField | undefined): AnswerWriter {
  const raw = rawKindOf(output, field);
  if (rules.responseMediaType !== '') {
    const contentType = rules.responseMediaType;
    if (raw !== 'text' && raw !== 'bytes') throw new Error(`answers with ${contentType}, but its response_body is neither a string nor bytes`);
    return (message, encode) => ({ contentType, content: readRaw(raw, field, encode(message)).data });
  }
  if (raw === 'http_body') {
    return (message, encode) => {
      const { contentType, data } = readRaw(raw, field, encode(message));
      return { contentType: sendable(contentType), content: data };
    };
  }
  const write = field === undefined ? compileJsonWriter(output, rules, image.registry) : compileFieldWriter(output, field, rules, image.registry);
  const writeDirectly = field === undefined ? compileDirectWriter(output, rules) : undefined;
  return (message, encode) => ({ contentType: JSON_TYPE, content: writeDirectly?.(message) ?? JSON.stringify(write(encode(message))) });
}

/** What a handler sets must not become another header, or a part of the body. */
function sendable(contentType: string): string {
  if (contentType === '') return UNKNOWN_TYPE;
  if (!isSendableType(contentType)) throw new Error('the content_type of the handler is no media type');
  return contentType;
}
