import { ScalarType, fromJson, toBinary } from '@bufbuild/protobuf';
import type { DescField, DescMessage, DescOneof, JsonObject, JsonValue, Registry } from '@bufbuild/protobuf';
import { hasCustomJsonRepresentation } from '@bufbuild/protobuf/wkt';
import { Fault, JsonInput } from '../../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../fault.ts';
import type { Violation } from '../fault.ts';
import { fullEnumName } from './enum_names.ts';
import { fieldNamed } from './field_names.ts';
import { isObject } from './object.ts';
import { describeScalar, fitsScalar } from './scalar.ts';
import { ANY, FORBIDDEN_KEY, TYPE_URL, fitsWellKnown, typeOfUrl } from './well_known.ts';

/**
 * Compares a parsed JSON value with a message, member by member, in the given
 * mode, and returns canonical proto3 JSON with proto names. Throws a FaultError
 * (FAULT_CONTENT_INVALID) that names every member that does not fit.
 */
export function checkJson(desc: DescMessage, value: unknown, input: JsonInput, registry: Registry): JsonObject {
  const violations: Violation[] = [];
  const json = readMessage(desc, value, '', { strict: input === JsonInput.JSON_INPUT_STRICT, registry, violations, depth: 0 });
  if (violations.length > 0) throw contentInvalid(violations);
  return json as JsonObject;
}

/** Serializes canonical proto3 JSON. Throws a FaultError (FAULT_CONTENT_INVALID) if it does not fit the message. */
export function jsonToBytes(desc: DescMessage, json: JsonObject, registry: Registry): Uint8Array {
  try {
    return toBinary(desc, fromJson(desc, json, { registry }));
  } catch (error) {
    const field = faultyField(desc, json, registry);
    throw contentInvalid([{ field, description: 'does not have the proto3 JSON form of its type' }], error);
  }
}

/** The first field that cannot be read by itself; empty if that is none of them. */
function faultyField(desc: DescMessage, json: JsonObject, registry: Registry): string {
  const faulty = desc.fields.find(({ name }) => {
    if (!isObject(json) || !Object.hasOwn(json, name)) return false;
    try {
      fromJson(desc, { [name]: json[name] ?? null }, { registry });
      return false;
    } catch {
      return true;
    }
  });
  return faulty?.name ?? '';
}

/** The refusal of content that can be parsed but does not fit. */
export function contentInvalid(violations: readonly Violation[], cause?: unknown): FaultError {
  return new FaultError(Fault.FAULT_CONTENT_INVALID, 'the content does not fit the message', violations, { cause });
}

/** More than anyone would read; without a limit a body of wrong members would make a hundred times its size of them. */
const MOST_VIOLATIONS = 64;
/** Characters of a member's name in the path of a violation, for the same reason. */
const MOST_NAME = 64;

/** How deep messages may be within one another; decoders stop at 100, and those of what is in an Any begin later. */
const MOST_DEPTH = 96;

interface Reading {
  /** Of the message that is being read. */
  depth: number;
  readonly strict: boolean;
  readonly registry: Registry;
  readonly violations: Violation[];
}

function readMessage(desc: DescMessage, value: unknown, path: string, reading: Reading): JsonValue {
  if (reading.depth >= MOST_DEPTH) {
    violate(reading, path, 'is nested too deeply');
    return null;
  }
  reading.depth += 1;
  const json = readMessageForm(desc, value, path, reading);
  reading.depth -= 1;
  return json;
}

function readMessageForm(desc: DescMessage, value: unknown, path: string, reading: Reading): JsonValue {
  if (desc.typeName === ANY) return readAny(value, path, reading);
  if (hasCustomJsonRepresentation(desc)) {
    const fits = fitsWellKnown(desc, value, reading.strict, MOST_DEPTH - reading.depth + 1);
    if (!fits) violate(reading, path, `does not have the JSON form of ${desc.typeName}`);
    return value as JsonValue;
  }
  if (!isObject(value)) {
    violate(reading, path, 'must be a JSON object');
    return null;
  }
  const out: JsonObject = {};
  readMembers(desc, Object.entries(value), path, reading, out);
  return out;
}

function readMembers(desc: DescMessage, members: readonly [string, unknown][], path: string, reading: Reading, out: JsonObject): void {
  const given = new Set<DescField | DescOneof>();
  for (const [name, member] of members) {
    const field = fieldNamed(desc, name, reading.strict ? 'both' : 'proto');
    if (field === undefined) {
      if (reading.strict) violate(reading, join(path, name), 'is not a field of this request');
      continue;
    }
    const at = join(path, field.name);
    if (given.has(field)) violate(reading, at, 'is given twice, by two spellings of its name');
    given.add(field);
    if (member === null && !isNullValue(field)) continue;
    if (field.oneof !== undefined) {
      if (given.has(field.oneof)) violate(reading, at, 'excludes another member of its oneof');
      given.add(field.oneof);
    }
    out[field.name] = readField(field, member, at, reading);
  }
}

/** A message with its type: its members stand beside `@type`, or its JSON form in `value` if it has one of its own. */
function readAny(value: unknown, path: string, reading: Reading): JsonValue {
  if (!isObject(value)) {
    violate(reading, path, 'must be a JSON object');
    return null;
  }
  const members = Object.entries(value).filter(([name]) => name !== TYPE_URL);
  const url = Object.hasOwn(value, TYPE_URL) ? value[TYPE_URL] : undefined;
  if (url === undefined && members.length === 0) return {};
  const desc = typeof url === 'string' ? typeOfUrl(url, reading.registry) : undefined;
  if (typeof url !== 'string' || desc === undefined) {
    violate(reading, join(path, TYPE_URL), 'must name a known type, as type.googleapis.com/ and its full name');
    return null;
  }
  const out: JsonObject = { [TYPE_URL]: url };
  if (!hasCustomJsonRepresentation(desc)) {
    reading.depth += 1;
    readMembers(desc, members, path, reading, out);
    reading.depth -= 1;
    return out;
  }
  for (const [name] of members) {
    if (name !== 'value' && reading.strict) violate(reading, join(path, name), `is not a member of an Any with ${desc.typeName}`);
  }
  out['value'] = readMessage(desc, Object.hasOwn(value, 'value') ? value['value'] : undefined, join(path, 'value'), reading);
  return out;
}

function violate({ violations }: Reading, field: string, description: string): void {
  if (violations.length < MOST_VIOLATIONS) violations.push({ field, description });
}

function join(path: string, name: string): string {
  const shown = name.length > MOST_NAME ? `${name.slice(0, MOST_NAME).toWellFormed()}...` : name;
  return path === '' ? shown : `${path}.${shown}`;
}

function readField(field: DescField, value: unknown, path: string, reading: Reading): JsonValue {
  if (field.fieldKind === 'map') return readMap(field, value, path, reading);
  if (field.fieldKind !== 'list') return readElement(field, value, path, reading);
  if (!Array.isArray(value)) {
    violate(reading, path, 'must be a JSON array');
    return null;
  }
  return value.map((element, index) => readElement(field, element, `${path}[${index}]`, reading));
}

/** Keys are text in JSON, whatever their type; two that mean the same are one key given twice. */
function readMap(field: DescField & { fieldKind: 'map' }, value: unknown, path: string, reading: Reading): JsonValue {
  if (!isObject(value)) {
    violate(reading, path, 'must be a JSON object');
    return null;
  }
  const out = new Map<string, JsonValue>();
  // Its entries are messages too.
  reading.depth += 1;
  for (const [text, element] of Object.entries(value)) {
    const at = join(path, text);
    const key = readKey(field.mapKey, text);
    if (key === FORBIDDEN_KEY) violate(reading, at, 'is no key that a map can have');
    else if (key === undefined) violate(reading, at, `must have a key that is ${describeScalar(field.mapKey)}`);
    else if (out.has(key)) violate(reading, at, 'is given twice, by two spellings of its key');
    else out.set(key, readElement(field, element, at, reading));
  }
  reading.depth -= 1;
  return Object.fromEntries(out);
}

function readKey(type: ScalarType, text: string): string | undefined {
  if (type === ScalarType.STRING) return text;
  if (type === ScalarType.BOOL) return text === 'true' || text === 'false' ? text : undefined;
  return fitsScalar(type, text, true) ? BigInt(text).toString() : undefined;
}

function readElement(field: DescField, value: unknown, path: string, reading: Reading): JsonValue {
  if (field.message !== undefined) return readMessage(field.message, value, path, reading);
  if (field.enum !== undefined) {
    if (value === null && field.enum.typeName === NULL_VALUE) return null;
    const name = typeof value === 'string' ? fullEnumName(field.enum, value) : undefined;
    if (name !== undefined) return name;
    const number = reading.strict && typeof value === 'number' ? field.enum.value[value] : undefined;
    if (number !== undefined) return number.number;
    violate(reading, path, `is not a value of ${field.enum.typeName}`);
    return null;
  }
  if (field.scalar !== undefined && !fitsScalar(field.scalar, value, reading.strict)) {
    violate(reading, path, `must be ${describeScalar(field.scalar)}`);
  }
  return value as JsonValue;
}

const NULL_VALUE = 'google.protobuf.NullValue';

/** Whether null is a value of this field, and not the want of one. */
function isNullValue(field: DescField): boolean {
  if (field.fieldKind === 'enum') return field.enum.typeName === NULL_VALUE;
  return field.fieldKind === 'message' && field.message.typeName === 'google.protobuf.Value';
}
