import { ScalarType } from '@bufbuild/protobuf';
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { stripEnumPrefix } from '../../src/contract/json/enum_names.ts';

const TEXTS = ['', 'a', 'é', '😀', '"\\\n', '\u2028', '__proto__', '1', '-0', '1.5', '1e400', 'NaN', '-Infinity', 'true', 'AQ==', 'AR==', 'AQ=', '-_8', '9223372036854775807', '18446744073709551615', '-9223372036854775809'];
const NUMBERS = [0, -0, 1, -1, 1.5, 0.1, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e-50, -1e-50, 3.4028234663852886e38, 3.4028235e38, 1e300, 1e21];
const OTHERS = [null, true, false, [], {}, [null], ['a'], { a: 1 }];

const text = fc.oneof(fc.constantFrom(...TEXTS), fc.string({ unit: 'grapheme', maxLength: 5 }));
const number = fc.oneof(fc.constantFrom(...NUMBERS), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger());
const anything = fc.oneof(text, number, fc.constantFrom(...OTHERS));

/**
 * JSON values for a message, most of them as they should be, some not: members
 * that are missing, unknown, null or spelled in both ways, both members of a
 * oneof, values at the ends of their ranges and of other types.
 */
export function randomJson(desc: DescMessage, depth = 2): fc.Arbitrary<Record<string, unknown>> {
  const members = desc.fields.flatMap((field) => {
    const value = fc.oneof({ weight: 30, arbitrary: fitting(field, depth) }, { weight: 1, arbitrary: anything });
    return [fc.tuple(fc.constant(field.jsonName), value), fc.tuple(fc.constant(field.name), value)];
  });
  const unknown = fc.tuple(fc.constantFrom('unknown', '__proto__', 'constructor'), anything);
  const few = fc.array(fc.oneof({ weight: 60, arbitrary: fc.oneof(...members) }, { weight: 1, arbitrary: unknown }), { maxLength: 5 });
  return few.map((pairs) => Object.fromEntries(pairs));
}

/** Values of the right type, or nearly. */
function fitting(field: DescField, depth: number): fc.Arbitrary<unknown> {
  const one = element(field, depth);
  if (field.fieldKind === 'list') return fc.array(one, { maxLength: 3 });
  if (field.fieldKind !== 'map') return one;
  const key = field.mapKey === ScalarType.STRING ? text : field.mapKey === ScalarType.BOOL ? fc.constantFrom('true', 'false') : fc.maxSafeInteger().map(String);
  return fc.array(fc.tuple(key, one), { maxLength: 3 }).map((pairs) => Object.fromEntries(pairs));
}

function element(field: DescField, depth: number): fc.Arbitrary<unknown> {
  if (field.message !== undefined) {
    const isPlain = !field.message.typeName.startsWith('google.protobuf.');
    if (isPlain) return depth > 0 ? randomJson(field.message, depth - 1) : fc.constant({});
    return fc.oneof(fc.constantFrom('2026-01-02T03:04:05Z', '1.5s', 'a,b', {}), anything);
  }
  if (field.enum !== undefined) {
    const desc = field.enum;
    return fc.constantFrom(...desc.values.flatMap(({ name, number: value }) => [name, stripEnumPrefix(desc, name), value]), 77);
  }
  switch (field.scalar) {
    case ScalarType.STRING:
      return text;
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.BYTES:
      return fc.oneof(fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes).toString('base64')), fc.constantFrom('AR==', '-_8', 'AQ'));
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return number;
    default:
      return fc.oneof(fc.constantFrom(...NUMBERS), fc.nat(), fc.maxSafeInteger().map(String));
  }
}
