import { ScalarType } from '@bufbuild/protobuf';
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { stripEnumPrefix } from '../../src/contract/json/enum_names.ts';
import { RANGES_32, RANGES_64 } from '../../src/contract/json/scalar.ts';
import { isTextField } from '../../src/contract/json/text.ts';
import { isFollowed } from '../../src/generate/rest_client/route_plan.ts';
import type { RoutePlan } from '../../src/generate/rest_client/route_plan.ts';
import { nameIn, requestStyleOf } from '../../src/generate/rest_client/style.ts';
import type { RequestStyle } from '../../src/generate/rest_client/style.ts';

/** What is hard to carry in a path, a query or a header. */
const HARD = ['a', 'é', '😀', '%', '%2F', '%252f', '/', '//', 'a/b/', '?', '#', '&', '=', '+', ' ', ':', ':act', ';', ',', '"', '\\', '*', '**', '..a', '...', '.a', "'()!", '\u2028', '\t', '\n', '{x}', '__proto__', '<>', '[]', '~', '\u{10ffff}', '\ufeff'];

/** The one string field of the contract that has a pattern. */
const RULED = 'thing';

const text = fc.oneof(fc.constantFrom('', ...HARD), fc.array(fc.constantFrom(...HARD), { maxLength: 4 }).map((parts) => parts.join('')), fc.string({ unit: 'grapheme', maxLength: 6 }).map(withoutNul));
const segment = text.filter((value) => value !== '' && value !== '.' && value !== '..');
const base64 = fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('base64'));
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 2 }, { arbitrary: fc.oneof(text, fc.constant(null), fc.boolean(), fc.integer(), fc.constant(1.5)), weight: 3 }, { arbitrary: fc.array(tie('value'), { maxLength: 2 }), weight: 1 }, { arbitrary: fc.dictionary(fc.constantFrom('a', 'b c', 'é'), tie('value'), { maxKeys: 2 }), weight: 1 }),
})).value;

interface Place {
  readonly style: RequestStyle;
  /** Messages may be within one another so often. */
  readonly depth: number;
  /** Whether it goes into a query, which cannot hold everything. */
  readonly isQuery: boolean;
}

/** Requests of a route as its types have them, those of a raw body apart. */
export function randomRequest(plan: RoutePlan): fc.Arbitrary<Record<string, unknown>> {
  const { method, needed, without, raw, body, path } = plan;
  const style = requestStyleOf(method);
  const bodyField = method.desc.input.fields.find((field) => body !== undefined && nameIn(field, style) === body.of);
  const fields = method.desc.input.fields.filter((field) => !without.has(field) && field !== raw?.field);
  const given = fields.filter((field) => needed.has(field));
  const isQuery = (field: DescField): boolean => body?.of !== '*' && field !== bodyField;
  const must = given.map((field) => memberOf(field, { style, depth: 2, isQuery: isQuery(field) }));
  const may = fields.filter((field) => !needed.has(field)).map((field) => memberOf(field, { style, depth: 2, isQuery: isQuery(field) }));
  const some = may.length === 0 ? fc.constant([]) : fc.array(fc.oneof(...may), { maxLength: 5 });
  const base = fc.tuple(fc.tuple(...must), some).map(([first, more]) => withoutSiblings(method.desc.input, style, Object.fromEntries([...more, ...first])));
  const variables = path.flatMap((part) => (typeof part === 'string' ? [] : [part]));
  return variables.reduce((request, { of, like }) => fc.tuple(request, variable(method.desc.input, of, like, style)).map(([value, chosen]) => setAt(value, of, chosen)), base);
}

function variable(desc: DescMessage, of: readonly string[], like: string | undefined, style: RequestStyle): fc.Arbitrary<unknown> {
  if (like !== undefined) {
    const parts = like.split('/').map((part) => (part === '**' ? fc.array(segmentWithoutSlash, { maxLength: 3 }) : part === '*' ? segmentWithoutSlash.map((one) => [one]) : fc.constant([decodeURIComponent(part)])));
    return fc.tuple(...parts).map((lists) => lists.flat().join('/'));
  }
  let field: DescField | undefined;
  let message: DescMessage | undefined = desc;
  for (const name of of) {
    field = message?.fields.find((candidate) => nameIn(candidate, style) === name);
    message = field?.message;
  }
  if (field === undefined) throw new Error(`no field ${of.join('.')}`);
  const value = elementOf(field, { style, depth: 0, isQuery: true });
  return field.scalar === ScalarType.STRING && field.name !== RULED ? segment : value.filter((one) => one !== '');
}

const segmentWithoutSlash = segment.map((value) => value.replaceAll('/', '')).filter((value) => value !== '' && value !== '.' && value !== '..');

/** Sets a value, in the messages on the way to it; other members of a oneof are taken out. */
function setAt(fields: Record<string, unknown>, [name = '', ...rest]: readonly string[], value: unknown): Record<string, unknown> {
  const inner = fields[name];
  const member = rest.length === 0 ? value : setAt(typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : {}, rest, value);
  const { byName, byNumber, by_name: _1, by_number: _2, ...others } = fields;
  const siblings = ['byName', 'byNumber', 'by_name', 'by_number'].includes(name) ? {} : Object.fromEntries(Object.entries({ byName, byNumber, by_name: _1, by_number: _2 }).filter(([, each]) => each !== undefined));
  return { ...others, ...siblings, [name]: member };
}

function withoutSiblings(desc: DescMessage, style: RequestStyle, members: Record<string, unknown>): Record<string, unknown> {
  const chosen = new Set<unknown>();
  return Object.fromEntries(
    Object.entries(members).filter(([name]) => {
      const oneof = desc.fields.find((field) => nameIn(field, style) === name)?.oneof;
      if (oneof === undefined) return true;
      const isFirst = !chosen.has(oneof);
      chosen.add(oneof);
      return isFirst;
    }),
  );
}

function memberOf(field: DescField, place: Place): fc.Arbitrary<[string, unknown]> {
  return valueOf(field, place).map((value) => [nameIn(field, place.style), value]);
}

function valueOf(field: DescField, place: Place): fc.Arbitrary<unknown> {
  const one = elementOf(field, place);
  if (field.fieldKind === 'list') return fc.array(one, { maxLength: 3 });
  if (field.fieldKind !== 'map') return one;
  const key = field.mapKey === ScalarType.STRING ? text.filter(isKey) : field.mapKey === ScalarType.BOOL ? fc.constantFrom('true', 'false') : fc.nat().map(String);
  return fc.array(fc.tuple(key, one), { maxLength: 2 }).map((pairs) => Object.fromEntries(pairs));
}

function elementOf(field: DescField, place: Place): fc.Arbitrary<unknown> {
  const { message, enum: desc, scalar } = field;
  if (desc !== undefined) {
    if (desc.typeName === 'google.protobuf.NullValue') return fc.constant(null);
    return fc.constantFrom(...desc.values.map(({ name }) => stripEnumPrefix(desc, name)));
  }
  if (message !== undefined) return messageOf(message, place);
  if (field.name === RULED) return fc.constant('abc');
  return scalarOf(scalar, place.style);
}

function messageOf(desc: DescMessage, { style, depth, isQuery }: Place): fc.Arbitrary<unknown> {
  const wrapped = /^google\.protobuf\.(\w+)Value$/.test(desc.typeName) && desc.fields.length === 1 ? desc.fields[0]?.scalar : undefined;
  if (wrapped !== undefined) return scalarOf(wrapped, style);
  switch (desc.typeName) {
    case 'google.protobuf.Timestamp':
      return fc.date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true }).map((date) => date.toISOString());
    case 'google.protobuf.Duration':
      return fc.constantFrom('0s', '1.5s', '-0.000000001s', '315576000000s');
    case 'google.protobuf.FieldMask':
      return fc.constantFrom('', 'a', 'aB,c.dE');
    case 'google.protobuf.Struct':
      return fc.dictionary(fc.constantFrom('a', 'é', 'b/c'), json, { maxKeys: 2 });
    case 'google.protobuf.Value':
      return json;
    case 'google.protobuf.ListValue':
      return fc.array(json, { maxLength: 2 });
    case 'google.protobuf.Any':
      return fc.constantFrom({ '@type': 'type.googleapis.com/transcoder.v1.Inner', id: 'i' }, { '@type': 'type.googleapis.com/google.protobuf.Duration', value: '1s' });
    default:
      return ownMessage(desc, { style, depth, isQuery });
  }
}

/** In a query it has a member, without which it would not be there. */
function ownMessage(desc: DescMessage, { style, depth, isQuery }: Place): fc.Arbitrary<Record<string, unknown>> {
  const inner = { style, depth: depth - 1, isQuery };
  const fields = desc.fields.filter((field) => {
    if (field.message !== undefined && isOwn(field.message) && depth <= 0) return false;
    return !isQuery || isTextField(field) || (field.fieldKind === 'message' && isFollowed(field.message));
  });
  const plain = desc.fields.filter((field) => field.fieldKind === 'scalar').slice(0, 1);
  const members = fields.map((field) => memberOf(field, inner));
  const some = members.length === 0 ? fc.constant([]) : fc.array(fc.oneof(...members), { maxLength: 3 });
  const first = isQuery ? fc.tuple(...plain.map((field) => memberOf(field, inner))) : fc.constant([]);
  return fc.tuple(some, first).map(([more, least]) => withoutSiblings(desc, style, Object.fromEntries([...more, ...least])));
}

function isOwn({ typeName }: DescMessage): boolean {
  return !typeName.startsWith('google.protobuf.');
}

function scalarOf(type: ScalarType | undefined, { isVendor }: RequestStyle): fc.Arbitrary<unknown> {
  if (type === undefined || type === ScalarType.STRING) return text;
  if (type === ScalarType.BOOL) return fc.boolean();
  if (type === ScalarType.BYTES) return base64;
  const [low, high] = RANGES_32.get(type) ?? [];
  if (low !== undefined && high !== undefined) return fc.oneof(fc.integer({ min: low, max: high }), fc.constantFrom(low, high, 0));
  const [least, most] = RANGES_64.get(type) ?? [];
  if (least !== undefined && most !== undefined) {
    const exact = fc.bigInt({ min: least, max: most });
    return isVendor ? fc.nat() : fc.oneof(exact, exact.map(String), fc.nat());
  }
  const finite = type === ScalarType.FLOAT ? fc.float({ noNaN: true, noDefaultInfinity: true }) : fc.double({ noNaN: true, noDefaultInfinity: true });
  // JSON.stringify drops the sign of zero.
  const number = finite.map((value) => value + 0);
  return isVendor ? number : fc.oneof(number, fc.constantFrom(Number.NaN, Infinity, -Infinity));
}

/**
 * Whether a text can be a key. Some JSON.parse of V8 takes a name with an escape for one that it has met with a backslash in
 * it, so that none is met here.
 */
export function isKey(value: string): boolean {
  return value !== '__proto__' && !value.includes('\\');
}

function withoutNul(value: string): string {
  return value.replaceAll('\0', '');
}
