import type { DescField, DescMessage, JsonObject, JsonValue } from '@bufbuild/protobuf';
import { hasCustomJsonRepresentation } from '@bufbuild/protobuf/wkt';
import { fieldNamed } from '../../../contract/json/field_names.ts';
import type { Spelling } from '../../../contract/json/field_names.ts';
import { isObject } from '../../../contract/json/object.ts';

/** A place in a message: fields, each but the first within the one before it. */
export type FieldPath = readonly DescField[];

/** Fields in one path at most. With what a value can hold itself, that is far from the 100 levels that decoders take. */
const MOST_FIELDS = 32;

/** How far a dotted name leads. */
export interface Way {
  /** The fields that were found; none if the first name is unknown. */
  readonly path: FieldPath;
  readonly end: 'found' | 'unknown' | 'too deep';
}

/**
 * Follows a dotted name through single messages. In a template names are proto names; in a query either spelling
 * counts, and the proto name wins. No name leads into a message that has a JSON form of its own, such as a Timestamp.
 */
export function follow(desc: DescMessage, name: string, spelling: Spelling): Way {
  const path: DescField[] = [];
  let message: DescMessage | undefined = desc;
  for (const part of name.split('.')) {
    const field: DescField | undefined = message && fieldNamed(message, part, spelling);
    if (field === undefined) return { path, end: 'unknown' };
    if (path.length === MOST_FIELDS) return { path, end: 'too deep' };
    path.push(field);
    message = field.fieldKind === 'message' && !hasCustomJsonRepresentation(field.message) ? field.message : undefined;
  }
  return { path, end: 'found' };
}

/** The path by proto names, which identifies it whatever its spelling. */
export function nameOf(path: FieldPath): string {
  return path.map((field) => field.name).join('.');
}

/** Whether two paths set different members of one oneof. */
export function areSiblings(a: FieldPath, b: FieldPath): boolean {
  for (const [depth, field] of a.entries()) {
    const other = b[depth];
    if (other === undefined) return false;
    if (other !== field) return field.oneof !== undefined && field.oneof === other.oneof;
  }
  return false;
}

/** The value at a path of canonical JSON with proto names; undefined where there is none. */
export function valueAt(json: JsonObject, path: FieldPath): JsonValue | undefined {
  let value: JsonValue | undefined = json;
  for (const field of path) value = memberOf(value, field);
  return value;
}

/** The first field of a oneof that JSON sets beside the one that a path leads to or through. */
export function siblingIn(json: JsonObject, path: FieldPath): FieldPath | undefined {
  let value: JsonValue | undefined = json;
  for (const [depth, field] of path.entries()) {
    const sibling = field.oneof?.fields.find((other) => other !== field && memberOf(value, other) !== undefined);
    if (sibling !== undefined) return [...path.slice(0, depth), sibling];
    value = memberOf(value, field);
  }
  return undefined;
}

/** Sets the value at a path, making the messages on the way. */
export function setAt(json: JsonObject, path: FieldPath, value: JsonValue): void {
  let target = json;
  for (const field of path.slice(0, -1)) {
    const inner = memberOf(target, field);
    const next = isObject(inner) ? inner : {};
    if (next !== inner) define(target, field.name, next);
    target = next;
  }
  const last = path.at(-1);
  if (last !== undefined) define(target, last.name, value);
}

function memberOf(value: JsonValue | undefined, { name }: DescField): JsonValue | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** Unlike an assignment, this makes an own member of a field called __proto__ too. */
function define(target: JsonObject, name: string, value: JsonValue): void {
  Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
}
