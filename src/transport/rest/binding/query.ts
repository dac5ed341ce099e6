import type { DescField, DescMessage, JsonObject, JsonValue } from '@bufbuild/protobuf';
import { Fault, JsonInput, Query } from '../../../../gen/keyturn/options/v1/options.ts';
import type { MethodRules } from '../../../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../../../contract/fault.ts';
import type { Spelling } from '../../../contract/json/field_names.ts';
import { describeText, isTextField, textToJson } from '../../../contract/json/text.ts';
import { follow, nameOf, setAt } from './fields.ts';
import type { FieldPath } from './fields.ts';
import { parseQuery } from '../routing/target.ts';

/** Adds the values of a raw query to the JSON of a request. Throws a FaultError (FAULT_QUERY_INVALID). */
export type QueryBinder = (query: string | undefined, json: JsonObject) => void;

/** What a route takes from elsewhere, and what its method says about the query. */
export interface QueryPlan {
  readonly rules: Pick<MethodRules, 'query' | 'ignoredQueryKeys' | 'jsonInput'>;
  /** The paths that the URL path gives. */
  readonly bound: readonly FieldPath[];
  /** What the body gives: `*` for all, the name of a field, or nothing. */
  readonly body: string;
}

/**
 * Makes the query binder of a route. A key is a dotted field path by proto or JSON names (proto names alone where the
 * JSON of the method is a vendor's), and sets one field or adds to one list. Refused are: a key that names what path
 * or body give, anything below that, or a member of the same oneof; two members of one oneof; a field that is not a
 * list given twice; two spellings of one field; messages, maps and lists of messages that have no text; a value that
 * is not of its field's type; an unknown key, unless it is one of the ignored ones or the mode is QUERY_KNOWN. The
 * work is linear in the length of the query.
 */
export function compileQuery(desc: DescMessage, plan: QueryPlan): QueryBinder {
  if (plan.rules.query === Query.QUERY_IGNORED) return () => {};
  const binder: Binder = {
    desc,
    body: plan.body,
    bound: new Set(plan.bound.map(nameOf)),
    chosen: chosenBy(desc, plan),
    ignored: new Set(plan.rules.ignoredQueryKeys),
    spelling: plan.rules.jsonInput === JsonInput.JSON_INPUT_VENDOR ? 'proto' : 'both',
    takesUnknown: plan.rules.query === Query.QUERY_KNOWN,
  };
  return (query, json) => {
    if (query === undefined) return;
    const pairs = parseQuery(query);
    if (pairs === undefined) throw new FaultError(Fault.FAULT_QUERY_INVALID, 'the query is malformed');
    for (const { path, value } of readPairs(binder, pairs)) setAt(json, path, value);
  };
}

interface Binder {
  readonly desc: DescMessage;
  readonly body: string;
  readonly bound: ReadonlySet<string>;
  readonly chosen: ReadonlyMap<string, Choice>;
  readonly ignored: ReadonlySet<string>;
  readonly spelling: Spelling;
  readonly takesUnknown: boolean;
}

/** The member of a oneof that something has set. */
interface Choice {
  readonly member: DescField;
  readonly by: 'the path' | 'the body' | 'another key';
}

interface Given {
  readonly path: FieldPath;
  readonly spelling: string;
  readonly value: JsonValue;
}

/** What the pairs that were read so far have set. */
interface Reading {
  readonly given: Map<string, Given>;
  readonly chosen: Map<string, Choice>;
}

function readPairs(binder: Binder, pairs: readonly (readonly [key: string, text: string])[]): Iterable<Given> {
  const reading: Reading = { given: new Map(), chosen: new Map(binder.chosen) };
  // One for each field: the same key may be wrong a thousand times.
  const faults = new Map<string, string>();
  for (const [key, text] of pairs) {
    if (binder.ignored.has(key)) continue;
    const { path, end } = follow(binder.desc, key, binder.spelling);
    const fault = end === 'found' ? bindPair(binder, reading, path, key, text) : misnamed(binder, path, end);
    const name = end === 'found' ? nameOf(path) : key;
    if (fault !== undefined && !faults.has(name)) faults.set(name, fault);
  }
  if (faults.size === 0) return reading.given.values();
  const violations = Array.from(faults, ([field, description]) => ({ field, description }));
  throw new FaultError(Fault.FAULT_QUERY_INVALID, 'the query does not fit the method', violations);
}

/** What is wrong with a key that leads to no field. What lies below a field of path or body is never just unknown. */
function misnamed(binder: Binder, path: FieldPath, end: 'unknown' | 'too deep'): string | undefined {
  if (end === 'too deep') return 'leads too deep';
  const taken = path.length === 0 ? undefined : takenBy(binder, path);
  return taken ?? (binder.takesUnknown ? undefined : 'is not a field of this request');
}

/** What is wrong with a pair, or undefined when it has been taken. */
function bindPair(binder: Binder, reading: Reading, path: FieldPath, key: string, text: string): string | undefined {
  const field = path.at(-1);
  const taken = takenBy(binder, path) ?? choose(path, reading.chosen);
  if (taken !== undefined || field === undefined) return taken;
  if (!isTextField(field)) return 'cannot be given in the query';
  const value = textToJson(field, text);
  if (value === undefined) return `must be ${describeText(field)}`;
  const name = nameOf(path);
  const before = reading.given.get(name);
  if (before === undefined) {
    reading.given.set(name, { path, spelling: key, value: field.fieldKind === 'list' ? [value] : value });
    return undefined;
  }
  if (before.spelling !== key) return 'is given twice, by two spellings of its name';
  if (field.fieldKind !== 'list' || !Array.isArray(before.value)) return 'is given twice';
  before.value.push(value);
  return undefined;
}

/** Who else gives a field, or one above or below it. */
function takenBy({ body, bound }: Binder, path: FieldPath): string | undefined {
  let name = '';
  for (const field of path) {
    name = name === '' ? field.name : `${name}.${field.name}`;
    if (bound.has(name)) return 'is given by the path';
  }
  return body === '*' || body === path[0]?.name ? 'belongs into the body' : undefined;
}

/** Chooses the members of oneofs on the way to a field, unless others are chosen already. */
function choose(path: FieldPath, chosen: Map<string, Choice>): string | undefined {
  for (const [key, member] of choicesOf(path)) {
    const choice = chosen.get(key);
    if (choice === undefined) chosen.set(key, { member, by: 'another key' });
    else if (choice.member !== member) return `excludes a field that ${choice.by} gives`;
  }
  return undefined;
}

function chosenBy(desc: DescMessage, { bound, body }: QueryPlan): Map<string, Choice> {
  const chosen = new Map<string, Choice>();
  for (const path of bound) for (const [key, member] of choicesOf(path)) chosen.set(key, { member, by: 'the path' });
  const field = desc.fields.find(({ name }) => name === body);
  for (const [key, member] of field === undefined ? [] : choicesOf([field])) chosen.set(key, { member, by: 'the body' });
  return chosen;
}

/** The oneofs on the way to a field, each with its member; fields outside of any are not listed. */
function choicesOf(path: FieldPath): [key: string, member: DescField][] {
  const choices: [string, DescField][] = [];
  for (const [depth, field] of path.entries()) {
    if (field.oneof !== undefined) choices.push([`${nameOf(path.slice(0, depth))}|${field.oneof.name}`, field]);
  }
  return choices;
}
