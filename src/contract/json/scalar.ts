import { ScalarType } from '@bufbuild/protobuf';

type Ranges<T> = ReadonlyMap<ScalarType, readonly [low: T, high: T]>;

/** The bounds of integers, by type. */
export const RANGES_32: Ranges<number> = new Map([
  ...[ScalarType.INT32, ScalarType.SINT32, ScalarType.SFIXED32].map((type) => [type, [-(2 ** 31), 2 ** 31 - 1]] as const),
  ...[ScalarType.UINT32, ScalarType.FIXED32].map((type) => [type, [0, 2 ** 32 - 1]] as const),
]);
export const RANGES_64: Ranges<bigint> = new Map([
  ...[ScalarType.INT64, ScalarType.SINT64, ScalarType.SFIXED64].map((type) => [type, [-(2n ** 63n), 2n ** 63n - 1n]] as const),
  ...[ScalarType.UINT64, ScalarType.FIXED64].map((type) => [type, [0n, 2n ** 64n - 1n]] as const),
]);
const NOT_FINITE = new Set(['NaN', 'Infinity', '-Infinity']);

/**
 * Whether a JSON value is one of this type, by the proto3 JSON mapping. Text
 * for numbers counts only where `text` is true. A JSON number beyond 2^53 is
 * not exact and never fits a 64-bit field.
 */
export function fitsScalar(type: ScalarType, value: unknown, text: boolean): boolean {
  switch (type) {
    case ScalarType.STRING:
      return typeof value === 'string';
    case ScalarType.BOOL:
      return typeof value === 'boolean';
    case ScalarType.BYTES:
      return typeof value === 'string' && isBase64(value);
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      if (text && typeof value === 'string') return isFloatText(type, value);
      return typeof value === 'number' && isInRange(type, value);
    default:
      return fitsInteger(type, value, text);
  }
}

/** What a field of this type expects, for people. */
export function describeScalar(type: ScalarType): string {
  switch (type) {
    case ScalarType.STRING:
      return 'a string';
    case ScalarType.BOOL:
      return 'true or false';
    case ScalarType.BYTES:
      return 'bytes as base64';
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return 'a number';
    default: {
      const [low, high] = rangeOf(type);
      return `an integer from ${low} to ${high}`;
    }
  }
}

/** Either alphabet, padded or not. */
function isBase64(value: string): boolean {
  const bare = value.replace(/={1,2}$/, '');
  return /^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)$/.test(bare) && bare.length % 4 !== 1 && (bare === value || value.length % 4 === 0);
}

function fitsInteger(type: ScalarType, value: unknown, text: boolean): boolean {
  const [low, high] = rangeOf(type);
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= low && value <= high;
  if (!text || typeof value !== 'string' || !/^-?(?:0|[1-9][0-9]{0,19})$/.test(value)) return false;
  const integer = BigInt(value);
  return integer >= low && integer <= high;
}

function rangeOf(type: ScalarType): readonly [low: number | bigint, high: number | bigint] {
  const range = RANGES_32.get(type) ?? RANGES_64.get(type);
  if (range === undefined) throw new Error(`scalar type ${type} is not an integer`);
  return range;
}

function isFloatText(type: ScalarType, value: string): boolean {
  return NOT_FINITE.has(value) || (/^-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/.test(value) && isInRange(type, Number(value)));
}

/** What would only become infinite does not fit. */
function isInRange(type: ScalarType, value: number): boolean {
  return Number.isFinite(type === ScalarType.FLOAT ? Math.fround(value) : value);
}
