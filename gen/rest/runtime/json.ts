// Made by `npm run generate`: edits are lost.
/** Any JSON. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** A JSON object, of any members. */
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** A float or double: JSON has no number for what is not finite. `Number(value)` is the number in any case. */
export type JsonDouble = number | 'NaN' | 'Infinity' | '-Infinity';

/** A 64-bit integer to send. Answers have it as decimal text: JavaScript's numbers are not exact beyond 2^53. */
export type Integer64 = string | bigint | number;

/** A message of any type (google.protobuf.Any): its members stand beside the URL of its type. */
export interface AnyMessage {
  readonly '@type': string;
  readonly [name: string]: JsonValue;
}

/** A body that is no JSON, with its media type; text leaves as UTF-8 and comes as bytes. */
export interface HttpContent<Type extends string = string> {
  readonly contentType: Type;
  readonly data: Uint8Array | string;
}

/** Such a body as it has come. */
export interface ReceivedContent {
  readonly contentType: string;
  readonly data: Uint8Array;
}

/** JSON text. What is not finite, and integers beyond 2^53, are text, as in the proto3 JSON mapping. */
export function toJsonText(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) => {
    if (typeof member === 'bigint' || (typeof member === 'number' && !Number.isFinite(member))) return String(member);
    return member;
  });
}
