import { ScalarType } from '@bufbuild/protobuf';
import { RANGES_32, RANGES_64 } from '../../../contract/json/scalar.ts';
import type { Part } from '../part.ts';
import { isVendor } from './mode.ts';
import type { Mode } from './mode.ts';

/** The schema of one value of a scalar type, by the proto3 JSON mapping. */
export function scalarSchema(type: ScalarType, mode: Mode): Part {
  switch (type) {
    case ScalarType.STRING:
      return { type: 'string' };
    case ScalarType.BOOL:
      return { type: 'boolean' };
    case ScalarType.BYTES:
      return { type: 'string', contentEncoding: 'base64' };
    case ScalarType.FLOAT:
      return { type: 'number', format: 'float' };
    case ScalarType.DOUBLE:
      return { type: 'number', format: 'double' };
    default:
      return RANGES_64.has(type) ? longSchema(type, mode) : intSchema(type);
  }
}

function intSchema(type: ScalarType): Part {
  const [low, high] = RANGES_32.get(type) ?? [];
  return low === 0 ? { type: 'integer', minimum: low, maximum: high } : { type: 'integer', format: 'int32' };
}

/** A vendor's 64-bit integers are numbers; elsewhere they are text, which is exact in every language. */
function longSchema(type: ScalarType, mode: Mode): Part {
  const isUnsigned = RANGES_64.get(type)?.[0] === 0n;
  if (isVendor(mode)) return { type: 'integer', format: 'int64', ...(isUnsigned ? { minimum: 0 } : {}) };
  return { type: 'string', format: isUnsigned ? 'uint64' : 'int64', pattern: isUnsigned ? '^[0-9]{1,20}$' : '^-?[0-9]{1,19}$' };
}
