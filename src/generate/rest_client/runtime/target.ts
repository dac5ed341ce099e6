import { toJsonText } from './json.ts';
import type { PathVariable, QueryShape, Route } from './route.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Percent-encodes all but the unreserved characters of RFC 3986 section 2.3. Throws a TypeError for half a surrogate pair. */
export function percentEncode(text: string): string {
  try {
    return encodeURIComponent(text).replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  } catch (error) {
    throw new TypeError('the text has half a surrogate pair, which UTF-8 cannot hold', { cause: error });
  }
}

/**
 * The path of a request. Throws a TypeError for a variable that is missing, empty or not of its template's form, and
 * for the segments `.` and `..`, which no client can send: they are taken out of a URL, percent-encoded too.
 */
export function pathOf({ name, path }: Route, request: object): string {
  const text = path.map((part) => (typeof part === 'string' ? part : expand(part, valueAt(request, part.of), name))).join('');
  if (text.split('/').some((segment) => segment === '.' || segment === '..')) throw new TypeError(`${name}: a path cannot have the segment "." or ".."`);
  return text;
}

function expand({ of, like }: PathVariable, value: unknown, route: string): string {
  const field = of.join('.');
  const text = plainText(value);
  if (text === undefined || (text === '' && like !== '**')) throw new TypeError(`${route}: ${field} must be given and not be empty, because it is in the path`);
  if (like === undefined) return percentEncode(text);
  const segments = text.split('/').map(percentEncode);
  const wanted = like.split('/');
  const takesMore = wanted.at(-1) === '**';
  const fixed = takesMore ? wanted.slice(0, -1) : wanted;
  const fits = takesMore ? segments.length >= fixed.length : segments.length === fixed.length;
  if (!fits || !fixed.every((pattern, index) => (pattern === '*' ? segments[index] !== '' : segments[index] === pattern))) {
    throw new TypeError(`${route}: ${field} must have the form ${like}`);
  }
  return segments.join('/');
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const name of path) found = isObject(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  return found;
}

/** What neither the path nor a body of one field takes of a request. */
export function restOf({ path, body }: Route, request: object): Fields {
  const taken = path.flatMap((part) => (typeof part === 'string' ? [] : [part.of]));
  if (body !== undefined && body.of !== '*') taken.push([body.of]);
  return without(request, taken) ?? {};
}

/** Without what is not set, and without the fields at some paths; undefined if that leaves nothing of what had members. */
function without(fields: object, taken: readonly (readonly string[])[]): Fields | undefined {
  const left: [string, unknown][] = [];
  for (const [name, value] of Object.entries(fields)) {
    const below = taken.filter(([first]) => first === name).map(([, ...rest]) => rest);
    if (value === undefined || below.some((path) => path.length === 0)) continue;
    const member = below.length > 0 && isObject(value) ? without(value, below) : value;
    if (member !== undefined) left.push([name, member]);
  }
  // Unlike an assignment, fromEntries makes an own member of a field called __proto__ too.
  return left.length === 0 && taken.length > 0 ? undefined : Object.fromEntries(left);
}

/** The query with its `?`, or nothing. Throws a TypeError for what a query cannot hold. */
export function queryOf({ name, query }: Route, fields: Fields): string {
  const pairs: string[] = [];
  const add = (key: string, text: string): unknown => pairs.push(`${percentEncode(key)}=${percentEncode(text)}`);
  const refuse = (key: string): never => {
    throw new TypeError(`${name}: ${key} has no place in this request`);
  };
  const addMembers = (members: Fields, shape: QueryShape, before: string): void => {
    for (const [member, value] of Object.entries(members)) {
      const key = before + member;
      const form = Object.hasOwn(shape, member) ? shape[member] : undefined;
      if (form === 'json' && value !== undefined) add(key, toJsonText(value));
      else if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) continue;
      else if (query === undefined || form === 'none') refuse(key);
      else if (Array.isArray(value)) for (const each of value) add(key, form === 'jsons' ? toJsonText(each) : (plainText(each) ?? refuse(key)));
      else if (!isObject(value)) add(key, plainText(value) ?? refuse(key));
      // A message without members would be lost.
      else if (Object.values(value).every((inner) => inner === undefined)) refuse(key);
      else addMembers(value, typeof form === 'object' ? form : {}, `${key}.`);
    }
  };
  addMembers(fields, query ?? {}, '');
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** The text of a value that is no message; undefined if it is none. */
export function plainText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean' ? String(value) : undefined;
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
