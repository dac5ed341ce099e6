import type { DescField, DescMessage, JsonObject, JsonValue } from '@bufbuild/protobuf';

/** A place in a message: the fields from the top to a scalar, an enum or a list of them. */
export type FieldPath = readonly DescField[];

/**
 * Finds the fields of a dotted path. In a template names are proto names; in a
 * query either spelling counts. Undefined if a name is unknown, or if the path
 * leads through anything but single messages.
 */
export function findPath(desc: DescMessage, path: string, jsonNames: boolean): FieldPath | undefined {
  const fields: DescField[] = [];
  let message: DescMessage | undefined = desc;
  for (const name of path.split('.')) {
    const field: DescField | undefined = message?.fields.find(
      (candidate) => candidate.name === name || (jsonNames && candidate.jsonName === name),
    );
    if (field === undefined) return undefined;
    fields.push(field);
    message = field.fieldKind === 'message' && !field.message.typeName.startsWith('google.protobuf.') ? field.message : undefined;
  }
  return fields;
}

/** The path by proto names, which identifies it whatever its spelling. */
export function nameOf(path: FieldPath): string {
  return path.map((field) => field.name).join('.');
}

/** Whether one path is the other, or leads to it. */
export function overlaps(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
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
  for (const field of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    value = Object.hasOwn(value, field.name) ? value[field.name] : undefined;
  }
  return value;
}

/** Sets the value at a path, making the messages on the way. */
export function setAt(json: JsonObject, path: FieldPath, value: JsonValue): void {
  let target = json;
  for (const field of path.slice(0, -1)) {
    const inner = Object.hasOwn(target, field.name) ? target[field.name] : undefined;
    const next = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? inner : {};
    target[field.name] = next;
    target = next;
  }
  const last = path.at(-1);
  if (last !== undefined) target[last.name] = value;
}
