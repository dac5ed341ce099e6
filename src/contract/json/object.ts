import type { JsonObject, JsonValue } from '@bufbuild/protobuf';

/** Whether a value is an object as JSON has it, and no list. */
export function isObject(value: JsonValue | undefined): value is JsonObject;
export function isObject(value: unknown): value is Record<string, unknown>;
export function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
