import { fromBinary, toJson } from '@bufbuild/protobuf';
import type { DescField, DescMessage, JsonObject, JsonValue, Registry } from '@bufbuild/protobuf';
import { JsonNames, JsonUnset } from '../../../gen/keyturn/options/v1/options.ts';
import { stripEnumPrefix } from './enum_names.ts';

/** How a method writes JSON: the part of its rules that counts here. */
export interface JsonStyle {
  readonly jsonNames: JsonNames;
  readonly jsonUnset: JsonUnset;
}

/** From a serialized message to its JSON value. */
export type JsonWriter = (bytes: Uint8Array) => JsonValue;

/**
 * Makes the writer of a message: canonical proto3 JSON with members in the
 * order of field numbers, except for names and unset fields, which are as the
 * style says, and enum values, which lose the prefix of their type.
 */
export function compileJsonWriter(desc: DescMessage, style: JsonStyle, registry: Registry): JsonWriter {
  const options = {
    registry,
    useProtoFieldName: style.jsonNames === JsonNames.JSON_NAMES_PROTO,
    alwaysEmitImplicit: style.jsonUnset !== JsonUnset.JSON_UNSET_OMIT,
  };
  const finish = compileMessage(desc, style, new Map());
  return (bytes) => {
    const json = toJson(desc, fromBinary(desc, bytes), options);
    return isObject(json) ? finish(json) : json;
  };
}

/** The member name of a field in the given style. */
export function memberName(field: DescField, style: JsonStyle): string {
  return style.jsonNames === JsonNames.JSON_NAMES_PROTO ? field.name : field.jsonName;
}

type Finish = (json: JsonObject) => JsonObject;

function compileMessage(desc: DescMessage, style: JsonStyle, made: Map<DescMessage, Finish>): Finish {
  const known = made.get(desc);
  if (known !== undefined) return known;
  const members: { name: string; finish: (value: JsonValue) => JsonValue; null: boolean }[] = [];
  const finish: Finish = (json) => {
    const out: JsonObject = {};
    for (const member of members) {
      const value = json[member.name];
      if (value !== undefined) out[member.name] = member.finish(value);
      else if (member.null) out[member.name] = null;
    }
    return out;
  };
  made.set(desc, finish);
  for (const field of desc.fields.toSorted((a, b) => a.number - b.number)) {
    members.push({
      name: memberName(field, style),
      finish: compileValue(field, style, made),
      null: style.jsonUnset === JsonUnset.JSON_UNSET_NULL && field.oneof === undefined,
    });
  }
  return finish;
}

function compileValue(field: DescField, style: JsonStyle, made: Map<DescMessage, Finish>): (value: JsonValue) => JsonValue {
  const each = compileElement(field, style, made);
  if (field.fieldKind === 'list') return (value) => (Array.isArray(value) ? value.map(each) : value);
  if (field.fieldKind === 'map') {
    return (value) =>
      isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, each(member)])) : value;
  }
  return each;
}

function compileElement(field: DescField, style: JsonStyle, made: Map<DescMessage, Finish>): (value: JsonValue) => JsonValue {
  if (field.enum !== undefined) {
    const desc = field.enum;
    return (value) => (typeof value === 'string' ? stripEnumPrefix(desc, value) : value);
  }
  // Well-known types have a JSON form of their own, which canonical JSON has written.
  if (field.message === undefined || field.message.typeName.startsWith('google.protobuf.')) return (value) => value;
  const finish = compileMessage(field.message, style, made);
  return (value) => (isObject(value) ? finish(value) : value);
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
