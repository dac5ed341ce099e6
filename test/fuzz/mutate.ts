import type { Draft } from './corpus.ts';
import type { Random } from './random.ts';

const METHODS = ['CONNECT', 'TRACE', 'PRI', 'get', 'G ET', '', 'PROPFIND', 'HEAD', 'M-SEARCH', 'DESCRIBE', 'X'];
const VERSIONS = ['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'http/1.1', 'HTTP/1.12', 'RTSP/1.0', ' HTTP/1.1', 'HTTP/1.1 ', '', 'HTTP/1'];
const TARGETS = [
  '*', '/', '//', '/..', '/%2e%2e/', '/%', '/%zz', '/%00', '/%ff', '/%c0%af', '/%ed%a0%80', '/a#b', 'http://a/echo', 'a:80', '/echo\\x', '/echo?%',
  '/echo?a=%00', '/echo?=&&=', '/echo/a%252Fb', `/${'x'.repeat(9_000)}`, `/echo?${'a=b&'.repeat(500)}`, '/\u00ff', '/echo ', '/a\tb', '/idp/%zz', '/idp',
];
const NAMES = [
  'Host', 'Content-Length', 'Transfer-Encoding', 'Connection', 'Expect', 'Upgrade', 'TE', 'Trailer', 'Content-Type', 'Content-Encoding', 'grpc-timeout',
  'X-Trace-Bin', 'Authorization', 'X-Request-ID', 'X A', 'X\u00e9', '', ':path', 'Content_Length', 'Transfer-Encoding ', ' Host', 'X-Forwarded-For', 'Keep-Alive',
];
const HEADER_VALUES = [
  '', '0', '1', '-1', '+5', '0x10', '5, 5', '00000000000000000001', '18446744073709551616', 'chunked', 'Chunked', 'chunked, chunked', 'gzip, chunked',
  'identity', 'close', 'keep-alive', 'upgrade', 'h2c', '100-continue', '100-Continue', 'magic', 'a, b', 'a\tb', 'a\0b', '\u00ff', 'a\rb', 'a\nb', 'a\r\n b', 'gzip',
  '1n', '99999999H', '1S', '123456789S', 'AAEC', '=', '"', 'x'.repeat(2_000), 'x'.repeat(20_000), 'application/json, text/plain', 'br', '[::1]:80', 'a b',
];
const CHUNKS: readonly (readonly [RegExp, string])[] = [
  [/\r\n([0-9a-f]+)\r\n/, '\r\n$1;a=b\r\n'], [/\r\n([0-9a-f]+)\r\n/, '\r\n$1;a="b\r\nc"\r\n'], [/\r\n([0-9a-f]+)\r\n/, '\r\n0x$1\r\n'], [/\r\n([0-9a-f]+)\r\n/, '\r\n$1 \r\n'],
  [/\r\n([0-9a-f]+)\r\n/, '\r\n000000000$1\r\n'], [/\r\n([0-9a-f]+)\r\n/, '\r\n-$1\r\n'], [/\r\n([0-9a-f]+)\r\n/, '\r\nfffffffff\r\n'], [/\r\n([0-9a-f]+)\r\n/, '\r\n$1\n'],
  [/0\r\n\r\n$/, '0\r\nX-T: a\r\n\r\n'], [/0\r\n\r\n$/, '0\r\nContent-Length: 5\r\n\r\n'], [/0\r\n\r\n$/, '0\r\nHost: b\r\n\r\n'], [/0\r\n\r\n$/, '0;x\r\n\r\n'], [/0\r\n\r\n$/, '0\r\n'],
];
const LINES: readonly (readonly [RegExp, string])[] = [
  [/\r\n/, '\n'], [/\r\n/, '\r'], [/\r\n\r\n/, '\n\n'], [/: /, ' : '], [/: /, ':'], [/: /, '\t: '], [/\r\n/, '\r\n '], [/\r\n/, '\r\n\t'], [/^/, '\r\n'], [/^/, '\n'], [/^/, ' '], [/\r\n/, '\r\r\n'],
];
const BYTES = ['\0', '\r', '\n', '\r\n', ' ', '\t', ':', ';', ',', '%', '/', '?', '"', '{', '}', '\\', '\x7f', '\x80', '\xff', '\u00c3', '0', 'f'];

/** Changes one part of a request, knowing what it is. */
export function mutateDraft(random: Random, draft: Draft): void {
  const { headers } = draft;
  const at = random.below(headers.length + 1);
  const own = headers[at % headers.length];
  switch (random.below(10)) {
    case 0:
      draft.method = random.pick(METHODS);
      break;
    case 1:
      draft.target = random.pick(TARGETS);
      break;
    case 2:
      draft.version = random.pick(VERSIONS);
      break;
    case 3:
      headers.splice(at, 0, [random.pick(NAMES), random.pick(HEADER_VALUES)]);
      break;
    case 4:
      if (own !== undefined) headers.splice(at, 0, [...own]);
      break;
    case 5:
      headers.splice(at, 1);
      break;
    case 6:
      if (own !== undefined) own[1] = random.pick(HEADER_VALUES);
      break;
    case 7:
      headers.push(['Connection', 'Upgrade'], ['Upgrade', random.pick(['h2c', 'websocket'])]);
      break;
    case 8:
      draft.body = mutateText(random, draft.body);
      break;
    default:
      for (let count = random.below(130); count > 0; count -= 1) headers.push(['X-Many', 'a']);
  }
}

/** Changes how a request is written, knowing how requests are framed. */
export function mutateLines(random: Random, text: string): string {
  const [pattern, replacement] = random.pick(random.oneIn(2) ? CHUNKS : LINES);
  const matches = [...text.matchAll(new RegExp(pattern, 'g'))];
  if (matches.length === 0) return text;
  const { index } = random.pick(matches);
  return text.slice(0, index) + text.slice(index).replace(pattern, replacement);
}

/** Changes bytes blindly. */
export function mutateText(random: Random, text: string): string {
  const at = random.below(text.length + 1);
  const end = Math.min(text.length, at + 1 + random.below(random.oneIn(4) ? 200 : 4));
  const [before, middle, after] = [text.slice(0, at), text.slice(at, end), text.slice(end)];
  switch (random.below(6)) {
    case 0:
      return before + after;
    case 1:
      return before + middle + middle + after;
    case 2:
      return before + random.pick(BYTES) + middle + after;
    case 3:
      return before + random.pick(BYTES) + after;
    case 4:
      return before + String.fromCharCode((middle.charCodeAt(0) || 0) ^ (1 << random.below(8))) + middle.slice(1) + after;
    default:
      return before;
  }
}
