// Made by `npm run generate`: edits are lost.
import { toJsonText } from './json.ts';
import type { HttpContent } from './json.ts';
import type { BodyPlan, Route } from './route.ts';
import { isObject, pathOf, plainText, percentEncode, queryOf, restOf } from './target.ts';

/** A request without its base URL. */
export interface Written {
  /** Path and query. */
  readonly target: string;
  readonly body: string | Uint8Array | undefined;
  readonly contentType: string | undefined;
}

/** Writes a request as its route has it. Throws a TypeError for one that the route cannot take. */
export function writeRequest(route: Route, request: unknown): Written {
  const { body } = route;
  if (!isObject(request)) {
    // Some messages of google.protobuf are text or lists in JSON: those can only be the whole body.
    if (body?.of !== '*') throw new TypeError(`${route.name}: the request must be an object`);
    return { target: pathOf(route, {}), ...writeBody(route, body, request) };
  }
  const path = pathOf(route, request);
  const rest = restOf(route, request);
  if (body?.of === '*') return { target: path, ...writeBody(route, body, body.as === 'content' ? request : rest) };
  const target = path + queryOf(route, rest);
  return body === undefined ? { target, body: undefined, contentType: undefined } : { target, ...writeBody(route, body, request[body.of]) };
}

function writeBody({ name }: Route, { of, as, type, optional }: BodyPlan, value: unknown): Omit<Written, 'target'> {
  if (value === undefined || (value === null && as !== 'json')) {
    if (optional === true) return { body: undefined, contentType: undefined };
    throw new TypeError(`${name}: ${of} must be given, because it is the body`);
  }
  switch (as) {
    case 'form':
      return { body: formOf(name, value), contentType: type };
    case 'raw':
      return { body: bytesOrText(value, name, of), contentType: type };
    case 'content': {
      const { contentType, data } = value as HttpContent;
      return { body: bytesOrText(data, name, of), contentType };
    }
    default:
      return { body: toJsonText(value), contentType: type };
  }
}

function bytesOrText(value: unknown, route: string, field: string): string | Uint8Array {
  if (typeof value === 'string' || value instanceof Uint8Array) return value;
  throw new TypeError(`${route}: ${field} must be text or bytes`);
}

/** application/x-www-form-urlencoded, in the order of the members. */
function formOf(route: string, value: unknown): string {
  if (!isObject(value)) throw new TypeError(`${route}: the body must be an object`);
  const pairs = Object.entries(value).flatMap(([key, member]) => {
    if (member === undefined || member === null) return [];
    return (Array.isArray(member) ? member : [member]).map((each) => {
      const text = plainText(each);
      if (text === undefined) throw new TypeError(`${route}: ${key} cannot be given in a form`);
      return `${percentEncode(key)}=${percentEncode(text)}`;
    });
  });
  return pairs.join('&');
}
