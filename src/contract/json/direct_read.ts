import { ScalarType } from '@bufbuild/protobuf';
import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import { scalarZeroValue } from '@bufbuild/protobuf/reflect';
import { FeatureSet_FieldPresence as Presence } from '@bufbuild/protobuf/wkt';
import { JsonInput } from '../../../gen/keyturn/options/v1/options.ts';
import { propertyOf } from '../members.ts';
import { INDIRECT, MOST_FLOAT, attempt, isDirect, isDirectField } from './direct.ts';
import { stripEnumPrefix } from './enum_names.ts';
import { isObject } from './object.ts';
import { RANGES_32, RANGES_64, fitsScalar } from './scalar.ts';

/** From a parsed JSON value to ts-proto's message; undefined where the general way has to decide. */
export type DirectReader = (value: unknown) => object | undefined;

/**
 * Makes a reader that does at once what `checkJson`, `jsonToBytes` and
 * ts-proto's decode do one after the other. It only ever says yes: whatever is
 * wrong or unusual, such as a well-known type or a double given as text, is
 * left to them, and so every refusal is theirs. Undefined if it does not know
 * the message.
 */
export function compileDirectReader(desc: DescMessage, input: JsonInput): DirectReader | undefined {
  if (!isDirect(desc)) return undefined;
  const read = compileMessage(desc, { strict: input === JsonInput.JSON_INPUT_STRICT, made: new Map() });
  return (value) => attempt(read, value);
}

/** Throws INDIRECT for what it does not take. */
type Read<T = unknown> = (value: unknown) => T;
type Fields = Record<string, unknown>;

interface Making {
  readonly strict: boolean;
  readonly made: Map<DescMessage, Read<Fields>>;
}

interface Member {
  readonly field: DescField;
  readonly isDirect: boolean;
  readonly set: (message: Fields, value: unknown) => void;
}

function compileMessage(desc: DescMessage, making: Making): Read<Fields> {
  const known = making.made.get(desc);
  if (known !== undefined) return known;
  const members = new Map<string, Member>();
  const containers = desc.fields.filter(({ fieldKind }) => fieldKind === 'list' || fieldKind === 'map');
  const unset = Object.fromEntries(desc.fields.map((field) => [propertyOf(field.oneof ?? field), unsetOf(field)]));
  const read: Read<Fields> = (value) => {
    if (!isObject(value)) throw INDIRECT;
    // A copy of one object is made faster than one member by member.
    const message: Fields = { ...unset };
    for (const field of containers) message[propertyOf(field)] = unsetOf(field);
    for (const name of Object.keys(value)) {
      const member = members.get(name);
      if (member !== undefined) readMember(member, name, value, message);
      else if (making.strict) throw INDIRECT;
    }
    return message;
  };
  making.made.set(desc, read);
  const all = desc.fields.map((field) => ({ field, isDirect: isDirectField(field), set: compileSet(field, making) }));
  if (making.strict) for (const member of all) members.set(member.field.jsonName, member);
  for (const member of all) members.set(member.field.name, member);
  return read;
}

function readMember(member: Member, name: string, json: Fields, message: Fields): void {
  const { field } = member;
  if (!member.isDirect || (name !== field.name && Object.hasOwn(json, field.name))) throw INDIRECT;
  const value = json[name];
  if (value !== null) member.set(message, value);
}

/** What ts-proto's decode leaves where a field is not there. */
function unsetOf(field: DescField): unknown {
  if (field.fieldKind === 'list') return [];
  // ts-proto has a Map for keys that objects cannot tell apart.
  if (field.fieldKind === 'map') return field.mapKey === ScalarType.STRING || RANGES_32.has(field.mapKey) ? {} : new Map();
  if (field.fieldKind === 'message' || field.presence === Presence.EXPLICIT) return undefined;
  if (field.fieldKind === 'enum') return 0;
  return field.scalar === ScalarType.BYTES ? Buffer.alloc(0) : scalarZeroValue(field.scalar, false);
}

function compileSet(field: DescField, making: Making): Member['set'] {
  const name = propertyOf(field);
  if (!isDirectField(field)) return () => {};
  const read = compileElement(field, making);
  if (field.oneof !== undefined) {
    const ofOneof = propertyOf(field.oneof);
    return (message, value) => {
      if (message[ofOneof] !== undefined) throw INDIRECT;
      message[ofOneof] = { $case: name, value: read(value) };
    };
  }
  const readAll = field.fieldKind === 'list' ? listOf(read) : field.fieldKind === 'map' ? mapOf(read) : read;
  return (message, value) => {
    message[name] = readAll(value);
  };
}

function listOf(read: Read): Read {
  return (value) => {
    if (!Array.isArray(value)) throw INDIRECT;
    return value.map((element) => read(element));
  };
}

function mapOf(read: Read): Read {
  return (value) => {
    if (!isObject(value) || Object.hasOwn(value, '__proto__')) throw INDIRECT;
    const map: Fields = {};
    for (const key of Object.keys(value)) map[key] = read(value[key]);
    return map;
  };
}

function compileElement(field: DescField, making: Making): Read {
  if (field.message !== undefined) return compileMessage(field.message, making);
  if (field.enum !== undefined) return compileEnum(field.enum, making.strict);
  const type = field.scalar ?? ScalarType.STRING;
  const range32 = RANGES_32.get(type);
  const range64 = RANGES_64.get(type);
  if (range64 !== undefined) return integer64(range64, making.strict);
  if (range32 !== undefined) return integer32(range32);
  switch (type) {
    case ScalarType.STRING:
      return (value) => (typeof value === 'string' ? value : leave());
    case ScalarType.BOOL:
      return (value) => (typeof value === 'boolean' ? value : leave());
    case ScalarType.BYTES:
      return (value) => (fitsScalar(type, value, true) ? Buffer.from(value as string, 'base64') : leave());
    case ScalarType.FLOAT:
      return float;
    default:
      return (value) => (typeof value === 'number' ? value : leave());
  }
}

function leave(): never {
  throw INDIRECT;
}

function float(value: unknown): number {
  if (typeof value !== 'number' || Math.abs(value) > MOST_FLOAT) throw INDIRECT;
  return Math.fround(value);
}

function integer32([low, high]: readonly [number, number]): Read {
  return (value) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high) throw INDIRECT;
    // Integers have no negative zero.
    return value + 0;
  };
}

const INTEGER = /^(?:0|-?[1-9][0-9]{0,19})$/;

function integer64([low, high]: readonly [bigint, bigint], strict: boolean): Read {
  return (value) => {
    const isInteger = typeof value === 'number' ? Number.isSafeInteger(value) : strict && typeof value === 'string' && INTEGER.test(value);
    if (!isInteger) throw INDIRECT;
    const integer = BigInt(value as number | string);
    return integer >= low && integer <= high ? integer : leave();
  };
}

function compileEnum(desc: DescEnum, strict: boolean): Read {
  const numbers = new Map<unknown, number>();
  for (const { name, number } of desc.values) {
    for (const spelling of [name, stripEnumPrefix(desc, name)]) if (!numbers.has(spelling)) numbers.set(spelling, number);
    if (strict) numbers.set(number, number);
  }
  return (value) => numbers.get(value) ?? leave();
}
