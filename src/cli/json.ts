import type { JsonObject, JsonValue } from '@bufbuild/protobuf';

/** A JSON value that is an object, as all answers are. */
export function asObject(json: JsonValue | undefined): JsonObject {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Error('the answer is not as the contract says');
  return json;
}

/** The rows in a member of an answer. */
export function rowsOf(answer: JsonObject, member: string): JsonObject[] {
  const rows = answer[member];
  return Array.isArray(rows) ? rows.map(asObject) : [];
}
