import { StrictJsonError, parseStrictJson } from '../strict_json.ts';

/** Strict JSON (see `parseStrictJson`) whose value is an object; undefined for anything else. */
export function parseJsonObject(input: Uint8Array | string): Record<string, unknown> | undefined {
  try {
    const value = parseStrictJson(input);
    return isObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof StrictJsonError) return undefined;
    throw error;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
