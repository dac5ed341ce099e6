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

/** JSON text in which nothing is left that a terminal would act upon: that is escaped, which says the same to machines. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replaceAll(/[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`).join(''),
  );
}
