import { ScalarType } from '@bufbuild/protobuf';
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { Edition } from '@bufbuild/protobuf/wkt';

/** The largest finite float. */
export const MOST_FLOAT = (2 - 2 ** -23) * 2 ** 127;

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
