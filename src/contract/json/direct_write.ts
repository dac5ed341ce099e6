import { ScalarType } from '@bufbuild/protobuf';
import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import { scalarZeroValue } from '@bufbuild/protobuf/reflect';
import { FeatureSet_FieldPresence as Presence } from '@bufbuild/protobuf/wkt';
import { JsonUnset } from '../../../gen/keyturn/options/v1/options.ts';
import { memberReader } from '../members.ts';
import { INDIRECT, MOST_FLOAT, attempt, isDirect, isDirectField } from './direct.ts';
import { stripEnumPrefix } from './enum_names.ts';
import { isObject } from './object.ts';
import { RANGES_32, RANGES_64 } from './scalar.ts';
import { memberName, shortestOf } from './write.ts';
import type { JsonStyle } from './write.ts';

/** From ts-proto's message to its JSON text; undefined where the general way has to decide. */
export type DirectWriter = (message: object) => string | undefined;

/**
 * Makes a writer that does at once what ts-proto's encode, `compileJsonWriter`
 * and JSON.stringify do one after the other. Whatever is unusual, such as a
 * well-known type or text with half a surrogate pair, is left to them, and so
 * is what a handler must not answer. Undefined if it does not know the message.
 */
export function compileDirectWriter(desc: DescMessage, style: JsonStyle): DirectWriter | undefined {
  if (!isDirect(desc)) return undefined;
  const write = compileMessage(desc, { style, made: new Map() });
  return (message) => attempt<unknown, string>(write, message);
}

/** The JSON text of a value. Throws INDIRECT for what it does not know. */
type Write = (value: unknown) => string;
/** The text of a field, or undefined where it is not written. */
type WriteField = (value: unknown) => string | undefined;

interface Making {
  readonly style: JsonStyle;
  readonly made: Map<DescMessage, Write>;
}

function compileMessage(desc: DescMessage, making: Making): Write {
  const known = making.made.get(desc);
  if (known !== undefined) return known;
  const members: { start: string; read: (message: Record<string, unknown>) => unknown; write: WriteField }[] = [];
  const write: Write = (message) => {
    if (!isObject(message)) throw INDIRECT;
    let text = '';
    for (const member of members) {
      const value = member.write(member.read(message));
      if (value !== undefined) text += (text === '' ? '' : ',') + member.start + value;
    }
    return `{${text}}`;
  };
  making.made.set(desc, write);
  for (const field of desc.fields.toSorted((a, b) => a.number - b.number)) {
    members.push({ start: `${JSON.stringify(memberName(field, making.style))}:`, read: memberReader(field), write: compileField(field, making) });
  }
  return write;
}

function compileField(field: DescField, making: Making): WriteField {
  const isShown = making.style.jsonUnset !== JsonUnset.JSON_UNSET_OMIT;
  if (!isDirectField(field)) return isShown ? leave : unsetOnly(field);
  const write = compileElement(field, making);
  if (field.fieldKind === 'list') return compileList(write, isShown);
  if (field.fieldKind === 'map') return compileMap(write, isShown);
  if (field.fieldKind === 'message' || field.presence === Presence.EXPLICIT) {
    const unset = making.style.jsonUnset === JsonUnset.JSON_UNSET_NULL && field.oneof === undefined ? 'null' : undefined;
    return (value) => (value === undefined ? unset : write(value));
  }
  if (isShown) return write;
  if (field.fieldKind === 'enum') return (value) => (value === 0 ? undefined : write(value));
  const zero = write(scalarZeroValue(field.scalar, false));
  return (value) => unlessZero(write(value), zero);
}

/** By its text, which is the same for all arrays of no bytes. */
function unlessZero(text: string, zero: string): string | undefined {
  return text === zero ? undefined : text;
}

function leave(): never {
  throw INDIRECT;
}

/** A field of a type that is left to the general way has to be unset. */
function unsetOnly(field: DescField): WriteField {
  const unset = field.fieldKind === 'enum' ? 0 : undefined;
  const isUnset =
    field.fieldKind === 'list' ? isEmptyList : field.fieldKind === 'map' ? isEmptyMap : (value: unknown): boolean => value === unset;
  return (value) => (isUnset(value) ? undefined : leave());
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function isEmptyMap(value: unknown): boolean {
  return value instanceof Map && value.size === 0;
}

function compileList(write: Write, isShown: boolean): WriteField {
  return (value) => {
    if (!Array.isArray(value)) throw INDIRECT;
    return value.length > 0 || isShown ? `[${value.map((element) => write(element)).join(',')}]` : undefined;
  };
}

function compileMap(write: Write, isShown: boolean): WriteField {
  return (value) => {
    if (!isObject(value) || value instanceof Map) throw INDIRECT;
    const members = Object.entries(value).map(([key, member]) => `${quote(key)}:${write(member)}`);
    return members.length > 0 || isShown ? `{${members.join(',')}}` : undefined;
  };
}

function compileElement(field: DescField, making: Making): Write {
  if (field.message !== undefined) return compileMessage(field.message, making);
  if (field.enum !== undefined) return compileEnum(field.enum);
  const type = field.scalar ?? ScalarType.STRING;
  const range64 = RANGES_64.get(type);
  const range32 = RANGES_32.get(type);
  if (range64 !== undefined) return integer64(range64);
  if (range32 !== undefined) return integer32(range32);
  switch (type) {
    case ScalarType.STRING:
      return (value) => (typeof value === 'string' ? quote(value) : leave());
    case ScalarType.BOOL:
      return (value) => (typeof value === 'boolean' ? String(value) : leave());
    case ScalarType.BYTES:
      return (value) => (value instanceof Uint8Array ? `"${base64(value)}"` : leave());
    case ScalarType.FLOAT:
      return float;
    default:
      return (value) => (typeof value === 'number' ? double(value) : leave());
  }
}

/** Finds what a string of JSON cannot hold as it is, and surrogates, whose pairs have to be looked at. */
const SPECIAL = /[^ !#-[\]-\ud7ff\ue000-\uffff]/;

function quote(text: string): string {
  if (!SPECIAL.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw INDIRECT;
  return JSON.stringify(text);
}

/** One that is too large, or too small to be anything but zero, is left to the general way. */
function float(value: unknown): string {
  if (typeof value !== 'number') throw INDIRECT;
  const rounded = Math.fround(value);
  const isKept = (rounded === 0) === (value === 0) && !(Number.isFinite(value) && Math.abs(value) > MOST_FLOAT);
  return isKept ? double(shortestOf(rounded)) : leave();
}

function double(value: number): string {
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

function integer32([low, high]: readonly [number, number]): Write {
  return (value) => (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high ? String(value) : leave());
}

function integer64([low, high]: readonly [bigint, bigint]): Write {
  return (value) => (typeof value === 'bigint' && value >= low && value <= high ? `"${value}"` : leave());
}

/** A number without a name is left to the general way, and so is a name of the enum's own for JSON. */
function compileEnum(desc: DescEnum): Write {
  const texts = new Map<unknown, string>();
  for (const { number } of desc.values) {
    const name = desc.value[number]?.name;
    if (name !== undefined) texts.set(number, JSON.stringify(stripEnumPrefix(desc, name)));
  }
  return (value) => texts.get(value) ?? leave();
}
