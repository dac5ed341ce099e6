import type { DescField, DescMessage, JsonObject } from '@bufbuild/protobuf';
import { Fault, JsonInput } from '../../../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../../../contract/fault.ts';
import type { Image } from '../../../contract/image.ts';
import { compileDirectReader } from '../../../contract/json/direct_read.ts';
import { checkJson, contentInvalid } from '../../../contract/json/read.ts';
import type { Method } from '../../../contract/model.ts';
import { StrictJsonError, parseStrictJson } from '../../../strict_json.ts';
import { compileContentDecoder } from './coding.ts';
import { compileForm } from './form.ts';
import type { FormParser } from './form.ts';
import { ANY_TYPE, FORM, JSON_TYPE, mediaTypeOf } from './media.ts';
import type { MediaType, TypedBody } from './media.ts';
import { rawKindOf, serializeRaw } from './raw.ts';
import type { RawKind } from './raw.ts';

/** What the body gives to the request message. */
export interface BodyContent {
  /** Canonical JSON with proto names. */
  readonly json: JsonObject;
  /** What JSON would only make longer, as the serialized message without all else. */
  readonly raw?: Uint8Array;
  /** The whole request as ts-proto's message, where it could be read at once; then there is nothing else. */
  readonly message?: object;
}

/** From the body of a request to what it gives to the message. */
export interface BodyReader {
  /** The body without its content coding. Rejects with a FaultError. */
  unpack(body: TypedBody): Promise<TypedBody>;
  /** Takes a body without content coding. `isAlone`: nothing else gives to the message. Throws a FaultError. */
  read(body: TypedBody, isAlone: boolean): BodyContent;
}

/**
 * Makes the reader of request bodies for a rule whose body is `field`, or the
 * whole message if that is undefined. Throws an Error if the method lists a
 * media type in which such a body cannot come.
 */
export function compileBodyReader(image: Image, { desc, rules }: Method, field: DescField | undefined): BodyReader {
  const { input } = desc;
  const raw = rawKindOf(input, field);
  const types = new Set(rules.mediaTypes);
  if (raw === undefined) refuseRawTypes(rules.mediaTypes);
  const form = types.has(FORM) && raw !== 'http_body' ? compileBodyForm(image, input, field) : undefined;
  const decode = compileContentDecoder(rules.contentCodings, rules.maxBodyBytes);
  const isVendor = rules.jsonInput === JsonInput.JSON_INPUT_VENDOR;
  const readDirectly = field === undefined ? compileDirectReader(input, rules.jsonInput) : undefined;
  const read = (body: TypedBody, isAlone: boolean): BodyContent => {
    const { bytes } = body;
    if (rules.refusesJwt) refuseJwt(body);
    if (bytes.length === 0 && rules.emptyBody === true) return emptyContent(raw, field, body);
    const type = acceptedType(types, mediaTypeOf(body), body, raw);
    const isRaw = raw === 'http_body' || !(types.has(type.essence) && (type.essence === JSON_TYPE || type.essence === FORM));
    if (raw !== undefined && isRaw) return readRawBody(raw, field, type, { contentType: body.contentType ?? '', data: bytes });
    if (!type.isUtf8) throw new FaultError(Fault.FAULT_MEDIA_TYPE, 'the charset is not UTF-8');
    if (type.essence === FORM && form !== undefined) return { json: within(field, form(bytes)) };
    const value = parseJson(bytes);
    // A vendor's members that are null are dropped; a body is no member.
    if (value === null && isVendor && field !== undefined && isOwnMessage(field)) throw contentInvalid([{ field: field.name, description: 'must be a JSON object' }]);
    const message = isAlone ? readDirectly?.(value) : undefined;
    if (message !== undefined) return { json: {}, message };
    return { json: checkJson(input, field === undefined ? value : { [field.name]: value }, rules.jsonInput, image.registry) };
  };
  const unpack = async (body: TypedBody): Promise<TypedBody> => {
    if (rules.refusesJwt) refuseJwt(body);
    if (body.bytes.length === 0 && rules.emptyBody === true) return body;
    // What is in a type that is not taken need not be decoded.
    acceptedType(types, mediaTypeOf(body), body, raw);
    return decode(body);
  };
  return { unpack, read };
}

function refuseRawTypes(types: readonly string[]): void {
  const other = types.find((type) => type !== JSON_TYPE && type !== FORM);
  if (other !== undefined) throw new Error(`takes ${other}, but its body is neither a string, nor bytes, nor google.api.HttpBody`);
}

function compileBodyForm(image: Image, input: DescMessage, field: DescField | undefined): FormParser {
  if (field === undefined) return compileForm(image, input, '');
  const { message } = field;
  if (field.fieldKind !== 'message' || message === undefined || message.typeName.startsWith('google.protobuf.')) {
    throw new Error(`takes ${FORM}, but its body ${field.name} is no message`);
  }
  return compileForm(image, message, field.name);
}

const UNNAMED: MediaType = { essence: '', isUtf8: true };

/** A body without any type is taken where every type is. Without bytes it is none, unless it is a bare value, which may be empty. */
function acceptedType(types: ReadonlySet<string>, type: MediaType | undefined, { bytes }: TypedBody, raw: RawKind | undefined): MediaType {
  if (type !== undefined && (types.has(type.essence) || types.has(ANY_TYPE))) return type;
  if (type === undefined && types.has(ANY_TYPE)) return UNNAMED;
  if (type === undefined && bytes.length === 0 && raw === undefined) throw unparsable('there is no body');
  throw new FaultError(Fault.FAULT_MEDIA_TYPE, 'the method does not take this media type');
}

/** RFC 7515 section 3.1, with any signature; white space around it does not count. */
const COMPACT_JWS = /^[ \t\r\n]*[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*[ \t\r\n]*$/;

function refuseJwt(body: TypedBody): void {
  const isJws = COMPACT_JWS.test(Buffer.from(body.bytes).toString('latin1'));
  if (!isJws && mediaTypeOf(body)?.essence !== 'application/jwt') return;
  throw new FaultError(Fault.FAULT_METHOD_NOT_ALLOWED, 'the body is a JWT');
}

function emptyContent(raw: RawKind | undefined, field: DescField | undefined, { bytes, contentType = '' }: TypedBody): BodyContent {
  if (raw === 'http_body') return { json: {}, raw: serializeRaw(raw, field, { contentType, data: bytes }) };
  return { json: field !== undefined && isOwnMessage(field) ? within(field, {}) : {} };
}

/** Whether its JSON form is an object with its fields as members. */
function isOwnMessage({ fieldKind, message }: DescField): boolean {
  return fieldKind === 'message' && message !== undefined && !message.typeName.startsWith('google.protobuf.');
}

function readRawBody(
  kind: RawKind,
  field: DescField | undefined,
  { isUtf8 }: MediaType,
  content: { readonly contentType: string; readonly data: Uint8Array },
): BodyContent {
  if (kind === 'text') {
    if (!isUtf8) throw new FaultError(Fault.FAULT_MEDIA_TYPE, 'the charset is not UTF-8');
    assertUtf8(content.data);
  }
  return { json: {}, raw: serializeRaw(kind, field, content) };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function assertUtf8(bytes: Uint8Array): void {
  try {
    utf8.decode(bytes);
  } catch {
    throw unparsable('the body is not UTF-8');
  }
}

function within(field: DescField | undefined, json: JsonObject): JsonObject {
  return field === undefined ? json : { [field.name]: json };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return parseStrictJson(bytes);
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    throw unparsable('the body is not JSON', error.message);
  }
}

function unparsable(description: string, detail = description): FaultError {
  return new FaultError(Fault.FAULT_BODY_UNPARSABLE, detail, [{ field: '', description }]);
}
