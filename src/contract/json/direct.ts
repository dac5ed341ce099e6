import { ScalarType } from '@bufbuild/protobuf';
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { Edition } from '@bufbuild/protobuf/wkt';

/** The largest finite float, and the bounds of 32-bit and 64-bit integers by scalar type. */
export const MOST_FLOAT = (2 - 2 ** -23) * 2 ** 127;
export const RANGES_32: ReadonlyMap<ScalarType, readonly [low: number, high: number]> = new Map([
  ...[ScalarType.INT32, ScalarType.SINT32, ScalarType.SFIXED32].map((type) => [type, [-(2 ** 31), 2 ** 31 - 1]] as const),
  ...[ScalarType.UINT32, ScalarType.FIXED32].map((type) => [type, [0, 2 ** 32 - 1]] as const),
]);
export const RANGES_64: ReadonlyMap<ScalarType, readonly [low: bigint, high: bigint]> = new Map([
  ...[ScalarType.INT64, ScalarType.SINT64, ScalarType.SFIXED64].map((type) => [type, [-(2n ** 63n), 2n ** 63n - 1n]] as const),
  ...[ScalarType.UINT64, ScalarType.FIXED64].map((type) => [type, [0n, 2n ** 64n - 1n]] as const),
]);

/**
 * What a direct codec throws for a value that is wrong or unusual, for the
 * general way to decide. It is one error, made once: wrong input must not cost
 * a stack each time.
 */
export const INDIRECT = new Error('this value goes the general way');

/** Calls a direct codec; undefined where it leaves the value to the general way. */
export function attempt<In, Out>(codec: (value: In) => Out, value: In): Out | undefined {
  try {
    return codec(value);
  } catch (error) {
    if (error === INDIRECT) return undefined;
    throw error;
  }
}

/** Well-known types have a JSON form of their own, and other syntaxes than proto3 other rules of presence. */
export function isDirect(desc: DescMessage): boolean {
  return desc.file.edition === Edition.EDITION_PROTO3 && !desc.typeName.startsWith('google.protobuf.');
}

/** Whether the direct codecs know the values of a field. */
export function isDirectField(field: DescField): boolean {
  if (field.fieldKind === 'map' && field.mapKey !== ScalarType.STRING) return false;
  if (field.message !== undefined) return isDirect(field.message);
  return field.enum?.typeName !== 'google.protobuf.NullValue';
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
