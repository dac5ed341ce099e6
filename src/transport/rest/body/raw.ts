import { ScalarType } from '@bufbuild/protobuf';
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { HttpBody } from '../../../../gen/google/api/httpbody.ts';

/** How a body can be the bare value of a message or a field, whatever its media type. */
export type RawKind = 'text' | 'bytes' | 'http_body';

/** The bytes of a body, with the Content-Type that they came with or leave with. */
export interface HttpContent {
  readonly contentType: string;
  readonly data: Uint8Array;
}

const HTTP_BODY = 'google.api.HttpBody';
const EMPTY = new Uint8Array();

/** The kind of a field, or of the whole message where there is no field; undefined if it has no bare value. */
export function rawKindOf(desc: DescMessage, field: DescField | undefined): RawKind | undefined {
  if (field === undefined) return desc.typeName === HTTP_BODY ? 'http_body' : undefined;
  if (field.fieldKind === 'message') return rawKindOf(field.message, undefined);
  if (field.fieldKind !== 'scalar') return undefined;
  return field.scalar === ScalarType.STRING ? 'text' : field.scalar === ScalarType.BYTES ? 'bytes' : undefined;
}

/** A message with nothing but a bare value, serialized. */
export function serializeRaw(kind: RawKind, field: DescField | undefined, content: HttpContent): Uint8Array {
  const { contentType, data } = content;
  const value = kind === 'http_body' ? HttpBody.encode({ contentType, data: asBuffer(data), extensions: [] }).finish() : data;
  return field === undefined ? value : new BinaryWriter().tag(field.number, WireType.LengthDelimited).bytes(value).finish();
}

/** The bare value of a serialized message; that of a field that is not set is empty. */
export function readRaw(kind: RawKind, field: DescField | undefined, message: Uint8Array): HttpContent {
  const value = field === undefined ? message : lastOf(field.number, message);
  return kind === 'http_body' ? HttpBody.decode(value) : { contentType: '', data: value };
}

/** ts-proto's type for bytes; nothing is copied. */
function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

function lastOf(number: number, message: Uint8Array): Uint8Array {
  const reader = new BinaryReader(message);
  let last: Uint8Array = EMPTY;
  while (reader.pos < reader.len) {
    const [found, type] = reader.tag();
    if (found === number) last = reader.bytes();
    else reader.skip(type, found);
  }
  return last;
}
