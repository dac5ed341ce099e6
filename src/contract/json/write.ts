import { ScalarType, fromBinary, toJson } from '@bufbuild/protobuf';
import type { DescField, DescMessage, JsonObject, JsonValue, Registry } from '@bufbuild/protobuf';
import { hasCustomJsonRepresentation } from '@bufbuild/protobuf/wkt';
import { JsonNames, JsonUnset } from '../../../gen/keyturn/options/v1/options.ts';
import { stripEnumPrefix } from './enum_names.ts';
import { isObject } from './object.ts';
import { ANY, TYPE_URL, typeOfUrl } from './well_known.ts';

/** How a method writes JSON: the part of its rules that counts here. */
export interface JsonStyle {
  readonly jsonNames: JsonNames;
  readonly jsonUnset: JsonUnset;
}

/** From a serialized message to its JSON value. Throws an Error for an Any of an unknown type, or a date beyond its range. */
export type JsonWriter = (bytes: Uint8Array) => JsonValue;

/**
 * Makes the writer of a message: canonical proto3 JSON with members in the
 * order of field numbers, except for names and unset fields, which are as the
 * style says, and enum values, which lose the prefix of their type. So are the
 * members of an Any.
 */
export function compileJsonWriter(desc: DescMessage, style: JsonStyle, registry: Registry): JsonWriter {
  const options = {
    registry,
    useProtoFieldName: style.jsonNames === JsonNames.JSON_NAMES_PROTO,
    alwaysEmitImplicit: style.jsonUnset !== JsonUnset.JSON_UNSET_OMIT,
  };
  const finish = compileFinish(desc, { style, registry, made: new Map() });
  return (bytes) => finish(toJson(desc, fromBinary(desc, bytes), options));
}

/**
 * Makes the writer of one field of a message, in the same way. A field that is
 * not set is written whatever the style: `null` if it has presence, else its
 * default value.
 */
export function compileFieldWriter(desc: DescMessage, field: DescField, style: JsonStyle, registry: Registry): JsonWriter {
  const write = compileJsonWriter(desc, style, registry);
  const name = memberName(field, style);
  const shown = compileJsonWriter(desc, { ...style, jsonUnset: JsonUnset.JSON_UNSET_NULL }, registry)(new Uint8Array());
  const unset = memberOf(shown, name) ?? null;
  return (bytes) => memberOf(write(bytes), name) ?? unset;
}

/** The member name of a field in the given style. */
export function memberName(field: DescField, style: JsonStyle): string {
  return style.jsonNames === JsonNames.JSON_NAMES_PROTO ? field.name : field.jsonName;
}

/** From canonical JSON to that of the style. */
type Finish = (value: JsonValue) => JsonValue;

interface Making {
  readonly style: JsonStyle;
  readonly registry: Registry;
  readonly made: Map<DescMessage, Finish>;
}

function compileFinish(desc: DescMessage, making: Making): Finish {
  if (desc.typeName === ANY) return compileAny(making);
  if (desc.typeName === 'google.protobuf.FloatValue') return shortFloat;
  // Well-known types have a JSON form of their own, which canonical JSON has written.
  if (hasCustomJsonRepresentation(desc)) return (value) => value;
  return making.made.get(desc) ?? compileMessage(desc, making);
}

function compileMessage(desc: DescMessage, making: Making): Finish {
  const { style, made } = making;
  const members: { name: string; finish: Finish; null: boolean }[] = [];
  const finish: Finish = (json) => {
    if (!isObject(json)) return json;
    const out: JsonObject = {};
    for (const member of members) {
      const value = memberOf(json, member.name);
      if (value !== undefined) out[member.name] = member.finish(value);
      else if (member.null) out[member.name] = null;
    }
    return out;
  };
  made.set(desc, finish);
  for (const field of desc.fields.toSorted((a, b) => a.number - b.number)) {
    members.push({
      name: memberName(field, style),
      finish: compileValue(field, making),
      null: style.jsonUnset === JsonUnset.JSON_UNSET_NULL && field.oneof === undefined,
    });
  }
  return finish;
}

/** The members of an Any are those of the message in it, unless that has a JSON form of its own. */
function compileAny(making: Making): Finish {
  return (json) => {
    const url = memberOf(json, TYPE_URL);
    const desc = typeof url === 'string' ? typeOfUrl(url, making.registry) : undefined;
    if (!isObject(json) || url === undefined || desc === undefined) return json;
    if (!hasCustomJsonRepresentation(desc)) return { [TYPE_URL]: url, ...(compileFinish(desc, making)(json) as JsonObject) };
    const value = memberOf(json, 'value');
    return value === undefined ? { [TYPE_URL]: url, ...json } : { [TYPE_URL]: url, value: compileFinish(desc, making)(value) };
  };
}

function compileValue(field: DescField, making: Making): Finish {
  const each = compileElement(field, making);
  if (field.fieldKind === 'list') return (value) => (Array.isArray(value) ? value.map(each) : value);
  if (field.fieldKind === 'map') {
    return (value) =>
      isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, each(member)])) : value;
  }
  return each;
}

function compileElement(field: DescField, making: Making): Finish {
  if (field.enum !== undefined) {
    const desc = field.enum;
    return (value) => (typeof value === 'string' ? stripEnumPrefix(desc, value) : value);
  }
  if (field.message !== undefined) return compileFinish(field.message, making);
  return field.scalar === ScalarType.FLOAT ? shortFloat : (value) => value;
}

function shortFloat(value: JsonValue): JsonValue {
  return typeof value === 'number' ? shortestOf(value) : value;
}

/** The fewest digits that are the same float: 0.1, and not what a double makes of it. */
export function shortestOf(value: number): number {
  if (Number.isInteger(value)) return value;
  for (let digits = 6; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

/** What all objects inherit, such as `valueOf`, is no member. */
function memberOf(json: JsonValue, name: string): JsonValue | undefined {
  return isObject(json) && Object.hasOwn(json, name) ? json[name] : undefined;
}
