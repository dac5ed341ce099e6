import type { JsonObject } from '@bufbuild/protobuf';
import type { Violation } from '../../../contract/fault.ts';
import { contentInvalid } from '../../../contract/json/read.ts';
import { comparable, describeText, textToJson } from '../../../contract/json/text.ts';
import { nameOf, setAt, siblingIn, valueAt } from './fields.ts';
import type { FieldPath } from './fields.ts';

/** Decoded text by field path, from the matched template. */
export type Variables = Readonly<Record<string, string>>;

/**
 * Adds what the path gives to the JSON of a request. A field that the body gives too must have the same value there,
 * whatever its spelling, and the body gives no other member of a oneof. Throws a FaultError (FAULT_CONTENT_INVALID).
 */
export function bindPath(bound: readonly FieldPath[], variables: Variables, json: JsonObject): void {
  const violations: Violation[] = [];
  for (const path of bound) {
    const violation = bindVariable(path, variables[nameOf(path)] ?? '', json);
    if (violation !== undefined) violations.push(violation);
  }
  if (violations.length > 0) throw contentInvalid(violations);
}

function bindVariable(path: FieldPath, text: string, json: JsonObject): Violation | undefined {
  const field = path.at(-1);
  if (field === undefined) return undefined;
  const value = textToJson(field, text);
  if (value === undefined) return { field: nameOf(path), description: `must be ${describeText(field)}` };
  const sibling = siblingIn(json, path);
  if (sibling !== undefined) return { field: nameOf(sibling), description: 'excludes a field that the path gives' };
  const inBody = valueAt(json, path);
  if (inBody !== undefined && comparable(field, inBody) !== comparable(field, value)) {
    return { field: nameOf(path), description: 'differs from the value that the path gives' };
  }
  setAt(json, path, value);
  return undefined;
}
