import type { Random } from './random.ts';

/** A REST binding that the service has. */
export interface FuzzRoute {
  readonly method: string;
  readonly template: string;
  readonly hasBody: boolean;
}

/** A request before it is written, every part of which may be wrong. */
export interface Draft {
  method: string;
  target: string;
  version: string;
  headers: [name: string, value: string][];
  body: string;
  /** Size of chunks; undefined: the body has a length. */
  chunks: number | undefined;
}

const VALUES = ['x', '1', '-1', 'a%2Fb', '%C3%A9', 'a.b:c', '9007199254740993', 'true', '~', 'a-b_c', '..'];
const QUERIES = [
  '', '?a_string=x', '?aString=x&an_int32=1', '?strings=a&strings=b', '?inner.id=x&inner.tags=a', '?timestamp=2026-01-01T00:00:00Z',
  '?a_bytes=AAEC', '?color=COLOR_RED', '?mask=a_string,inner.id', '?duration=1.5s', '?struct=%7B%22a%22:1%7D', '?a_double=NaN', '?unknown=1', '?',
];
const BODIES = [
  '{}', '{"aString":"x"}', '{"a_string":"é","anInt64":"9007199254740993"}', '{"inner":{"id":"i","tags":["a","b"],"inner":{"count":"-1"}}}',
  '{"labels":{"k":"v"},"colors":["COLOR_RED",2],"someBytes":["AAEC"]}', '{"struct":{"a":[1,null,{"b":true}]},"value":null}',
  '{"timestamp":"2026-01-01T00:00:00.5Z","duration":"1.5s","mask":"aString"}', '{"any":{"@type":"type.googleapis.com/transcoder.v1.Inner","id":"x"}}',
  '[]', '"x"', '1', 'null', '{"aString":"' + 'x'.repeat(500) + '"}', ' {"aBool" : true}\r\n\r\n', '', 'plain text', 'a=b&c=d',
];
const TYPES = ['application/json', 'application/json; charset=utf-8', 'text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream', 'application/jwt'];
const MORE: readonly (readonly [string, string])[] = [
  ['Authorization', 'Bearer x'], ['Authorization', 'Bearer wrong'], ['X-Request-ID', 'r-1'], ['Accept', '*/*'], ['User-Agent', 'fuzz'],
  ['Connection', 'keep-alive'], ['X-Forwarded-For', '192.0.2.1, 10.0.0.1'], ['x-trace', 'one'], ['x-trace-bin', 'AAEC,/w=='], ['Accept-Encoding', 'gzip'],
];

/** Requests as a good client sends them, to all routes. */
export function routeDrafts(routes: readonly FuzzRoute[]): (random: Random) => Draft {
  return (random) => draftOf(random, routes);
}

function draftOf(random: Random, routes: readonly FuzzRoute[]): Draft {
  const route = random.pick(routes);
  const draft: Draft = {
    method: random.oneIn(20) ? random.pick(['HEAD', 'OPTIONS', 'GET', 'POST', 'DELETE', 'PATCH']) : route.method,
    target: pathOf(random, route.template) + random.pick(QUERIES),
    version: 'HTTP/1.1',
    headers: [['Host', 'fuzz.example:80']],
    body: route.hasBody || random.oneIn(10) ? random.pick(BODIES) : '',
    chunks: random.oneIn(3) ? 8 + random.below(60) : undefined,
  };
  if (draft.body !== '') draft.headers.push(['Content-Type', random.oneIn(6) ? random.pick(TYPES) : 'application/json']);
  for (let count = random.below(3); count > 0; count -= 1) draft.headers.push([...random.pick(MORE)]);
  return draft;
}

/** `{a=x/*}` becomes `x/VALUE`, and so on. */
function pathOf(random: Random, template: string): string {
  const segments = template.replaceAll(/\{[^={}]+=([^{}]*)\}/g, '$1').replaceAll(/\{[^{}]*\}/g, '*');
  return segments.replaceAll(/\*\*?/g, (star) => (star === '*' ? random.pick(VALUES) : `${random.pick(VALUES)}/${random.pick(VALUES)}`));
}

/** The bytes of a request as latin1. */
export function write({ method, target, version, headers, body, chunks }: Draft): string {
  const bytes = Buffer.from(body).toString('latin1');
  const framing = bytes === '' && method !== 'POST' ? '' : chunks === undefined ? `Content-Length: ${bytes.length}\r\n` : 'Transfer-Encoding: chunked\r\n';
  const head = `${method} ${target} ${version}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}${framing}\r\n`;
  return head + (framing.startsWith('T') ? inChunks(bytes, chunks ?? 1) : bytes);
}

function inChunks(bytes: string, size: number): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = bytes.slice(at, at + size);
    text += `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
  }
  return `${text}0\r\n\r\n`;
}
