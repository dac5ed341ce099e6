import { ScalarType } from '@bufbuild/protobuf';
import type { DescField, JsonValue } from '@bufbuild/protobuf';
import { fullEnumName } from './enum_names.ts';
import { describeScalar, fitsScalar } from './scalar.ts';

/** Whether one value of this field can be written as text, as in a path, a query or a form. */
export function isTextField(field: DescField): boolean {
  return field.fieldKind === 'scalar' || field.fieldKind === 'enum' || (field.fieldKind === 'list' && field.listKind !== 'message');
}

/**
 * One value of a scalar or enum field (or of a list of them) from its text, as
 * canonical proto3 JSON; undefined if the text is not of the field's type.
 */
export function textToJson(field: DescField, text: string): JsonValue | undefined {
  if (field.enum !== undefined) {
    const number = /^-?[0-9]{1,10}$/.test(text) ? field.enum.value[Number(text)]?.number : undefined;
    return fullEnumName(field.enum, text) ?? number;
  }
  if (field.scalar === undefined) return undefined;
  if (field.scalar === ScalarType.BOOL) return text === 'true' ? true : text === 'false' ? false : undefined;
  // Canonical JSON takes the text of a number for a number, exact to 64 bits.
  return fitsScalar(field.scalar, text, true) ? text : undefined;
}

/** What a field expects, for people. */
export function describeText(field: DescField): string {
  if (field.enum !== undefined) return `a value of ${field.enum.typeName}`;
  return field.scalar === undefined ? 'text' : describeScalar(field.scalar);
}
