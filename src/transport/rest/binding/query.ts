import type { DescMessage, JsonObject, JsonValue } from '@bufbuild/protobuf';
import { Fault, Query } from '../../../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../../../contract/fault.ts';
import type { Violation } from '../../../contract/fault.ts';
import { describeText, isTextField, textToJson } from '../../../contract/json/text.ts';
import { areSiblings, findPath, nameOf, overlaps, setAt } from './fields.ts';
import type { FieldPath } from './fields.ts';
import { parseQuery } from '../routing/target.ts';

/** Adds the values of a raw query to the JSON of a request. Throws a FaultError (FAULT_QUERY_INVALID). */
export type QueryBinder = (query: string | undefined, json: JsonObject) => void;

/**
 * Makes the query binder of a route. `bound` are the paths that the URL path
 * has taken, `body` is what the body has taken: `*` for all, a field's name, or
 * nothing. A key that names any of these, or a oneof sibling of them, is
 * refused, and so are unknown keys and a singular field given twice.
 */
export function compileQuery(desc: DescMessage, mode: Query, bound: readonly FieldPath[], body: string): QueryBinder {
  if (mode === Query.QUERY_IGNORED) return () => {};
  return (query, json) => {
    if (query === undefined) return;
    const pairs = parseQuery(query);
    if (pairs === undefined) throw new FaultError(Fault.FAULT_QUERY_INVALID, 'the query is malformed');
    const violations: Violation[] = [];
    const given = new Map<string, Given>();
    for (const [key, text] of pairs) {
      const fault = bindPair(desc, bound, body, given, key, text);
      if (fault !== undefined) violations.push({ field: key, description: fault });
    }
    if (violations.length > 0) throw new FaultError(Fault.FAULT_QUERY_INVALID, 'the query does not fit the method', violations);
    for (const { path, value } of given.values()) setAt(json, path, value);
  };
}

interface Given {
  readonly path: FieldPath;
  readonly spelling: string;
  readonly value: JsonValue;
}

/** What is wrong with a pair, or undefined when it has been taken. */
function bindPair(
  desc: DescMessage,
  bound: readonly FieldPath[],
  body: string,
  given: Map<string, Given>,
  key: string,
  text: string,
): string | undefined {
  const path = findPath(desc, key, true);
  const field = path?.at(-1);
  if (path === undefined || field === undefined) return 'is not a field of this request';
  const name = nameOf(path);
  if (bound.some((other) => overlaps(nameOf(other), name))) return 'is given by the path';
  if (body === '*' || (body !== '' && overlaps(body, name))) return 'belongs into the body';
  if (bound.some((other) => areSiblings(other, path))) return 'excludes a field that the path gives';
  if (!isTextField(field)) return 'cannot be given in the query';
  for (const other of given.values()) if (areSiblings(other.path, path)) return 'excludes another field of the query';
  const value = textToJson(field, text);
  if (value === undefined) return `must be ${describeText(field)}`;
  const before = given.get(name);
  if (before === undefined) {
    given.set(name, { path, spelling: key, value: field.fieldKind === 'list' ? [value] : value });
    return undefined;
  }
  if (before.spelling !== key) return 'is given twice, by two spellings of its name';
  if (!Array.isArray(before.value)) return 'is given twice';
  before.value.push(value);
  return undefined;
}
