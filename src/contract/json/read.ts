import { fromJson, toBinary } from '@bufbuild/protobuf';
import type { DescField, DescMessage, JsonObject, JsonValue, Registry } from '@bufbuild/protobuf';
import { Fault, JsonInput } from '../../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../fault.ts';
import type { Violation } from '../fault.ts';
import { fullEnumName } from './enum_names.ts';
import { describeScalar, fitsScalar } from './scalar.ts';

/**
 * Compares a parsed JSON value with a message, member by member, in the given
 * mode, and returns canonical proto3 JSON with proto names. Throws a FaultError
 * (FAULT_CONTENT_INVALID) that names every member that does not fit.
 */
export function checkJson(desc: DescMessage, value: unknown, input: JsonInput, registry: Registry): JsonObject {
  const violations: Violation[] = [];
  const json = readMessage(desc, value, '', { strict: input === JsonInput.JSON_INPUT_STRICT, registry, violations });
  if (violations.length > 0) throw contentInvalid(violations);
  return json as JsonObject;
}

/** Serializes canonical proto3 JSON. Throws a FaultError (FAULT_CONTENT_INVALID) if it does not fit the message. */
export function jsonToBytes(desc: DescMessage, json: JsonObject, registry: Registry): Uint8Array {
  try {
    return toBinary(desc, fromJson(desc, json, { registry }));
  } catch (error) {
    throw contentInvalid([{ field: '', description: 'does not have the proto3 JSON form of the message' }], error);
  }
}

/** The refusal of content that can be parsed but does not fit. */
export function contentInvalid(violations: readonly Violation[], cause?: unknown): FaultError {
  return new FaultError(Fault.FAULT_CONTENT_INVALID, 'the content does not fit the message', violations, { cause });
}

interface Reading {
  readonly strict: boolean;
  readonly registry: Registry;
  readonly violations: Violation[];
}

function readMessage(desc: DescMessage, value: unknown, path: string, reading: Reading): JsonValue {
  if (desc.typeName.startsWith('google.protobuf.')) return readWellKnown(desc, value as JsonValue, path, reading);
  if (!isObject(value)) {
    reading.violations.push({ field: path, description: 'must be a JSON object' });
    return null;
  }
  const out: JsonObject = {};
  for (const [name, member] of Object.entries(value)) {
    const field = findField(desc, name, reading.strict);
    const at = path === '' ? name : `${path}.${name}`;
    if (field === undefined) {
      if (reading.strict) reading.violations.push({ field: at, description: 'is not a field of this request' });
      continue;
    }
    if (member === null && !isNullValue(field)) continue;
    if (Object.hasOwn(out, field.name)) {
      reading.violations.push({ field: at, description: 'is given twice, by two spellings of its name' });
      continue;
    }
    Object.defineProperty(out, field.name, {
      value: readField(field, member, at, reading),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return out;
}

/** Well-known types have a JSON form of their own, which protobuf-es knows. */
function readWellKnown(desc: DescMessage, value: JsonValue, path: string, { registry, violations }: Reading): JsonValue {
  try {
    fromJson(desc, value, { registry });
  } catch {
    violations.push({ field: path, description: `does not have the JSON form of ${desc.typeName}` });
  }
  return value;
}

/** By proto names, and by both spellings. */
const fieldsByName = new WeakMap<DescMessage, { proto: Map<string, DescField>; both: Map<string, DescField> }>();

function findField(desc: DescMessage, name: string, strict: boolean): DescField | undefined {
  let names = fieldsByName.get(desc);
  if (names === undefined) {
    const proto = new Map(desc.fields.map((field) => [field.name, field]));
    const both = new Map([...desc.fields.map((field) => [field.jsonName, field] as const), ...proto]);
    names = { proto, both };
    fieldsByName.set(desc, names);
  }
  return (strict ? names.both : names.proto).get(name);
}

function readField(field: DescField, value: unknown, path: string, reading: Reading): JsonValue {
  if (field.fieldKind === 'list') {
    if (!Array.isArray(value)) {
      reading.violations.push({ field: path, description: 'must be a JSON array' });
      return null;
    }
    return value.map((element, index) => readElement(field, element, `${path}[${index}]`, reading));
  }
  if (field.fieldKind === 'map') {
    if (!isObject(value)) {
      reading.violations.push({ field: path, description: 'must be a JSON object' });
      return null;
    }
    return Object.fromEntries(
      Object.entries(value).map(([key, element]) => [key, readElement(field, element, `${path}.${key}`, reading)]),
    );
  }
  return readElement(field, value, path, reading);
}

function readElement(field: DescField, value: unknown, path: string, reading: Reading): JsonValue {
  if (field.message !== undefined) return readMessage(field.message, value, path, reading);
  if (field.enum !== undefined) {
    if (value === null && isNullValue(field)) return null;
    const name = typeof value === 'string' ? fullEnumName(field.enum, value) : undefined;
    if (name !== undefined) return name;
    const number = reading.strict && typeof value === 'number' ? field.enum.value[value] : undefined;
    if (number !== undefined) return number.number;
    reading.violations.push({ field: path, description: `is not a value of ${field.enum.typeName}` });
    return null;
  }
  if (field.scalar !== undefined && !fitsScalar(field.scalar, value, reading.strict)) {
    reading.violations.push({ field: path, description: `must be ${describeScalar(field.scalar)}` });
  }
  return value as JsonValue;
}

function isNullValue(field: DescField): boolean {
  return field.enum?.typeName === 'google.protobuf.NullValue' || field.message?.typeName === 'google.protobuf.Value';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
