import type { Draft } from '../corpus.ts';
import { mutateText } from '../mutate.ts';
import type { Random } from '../random.ts';
import { TARGETS, drawCall } from './calls.ts';
import { drawKeySetCall } from './key_sets.ts';
import type { TokenMaterial } from './material.ts';

/** With smaller chunks, several bodies in one read would be a torrent, upon which a connection is cut. */
const LEAST_CHUNK = 256;
/** Bytes of a body. A larger one is refused before it is read, and what is sent on meanwhile may cost the answers. */
const MOST_BODY = 16_384;
/** Characters of a header, so that several fit in one head. */
const MOST_HEADER = 3_000;

/** The calls about tokens as drafts that may be changed further: a good client's, or with something of HTTP that is odd. */
export function tokenDrafts(material: TokenMaterial): (random: Random) => Draft {
  return (random) => (random.oneIn(6) ? keySetDraft(random, material) : callDraft(random, material));
}

function callDraft(random: Random, material: TokenMaterial): Draft {
  const { method, headers, rest, message } = drawCall(random, material);
  const target = TARGETS[method === 'verifyDeviceJwt' ? 'introspectToken' : method];
  const { type, body } = rest ?? { type: 'application/json', body: JSON.stringify(message?.()) };
  const given = random.oneIn(12) ? mutateText(random, body) : body;
  const all = sendable(headers());
  if (type !== undefined) all.push(['Content-Type', type]);
  if (random.oneIn(10)) all.push(['X-Request-ID', random.pick(['r-1', '\u00e9', 'x'.repeat(129), '"}', ''])]);
  return {
    method: random.oneIn(25) ? random.pick(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH']) : 'POST',
    target: random.oneIn(15) ? `${target}${random.pick(['?x=1', '?%zz', '/', '?client_id=x', '%00', '/x', '?%00', '//'])}` : target,
    version: 'HTTP/1.1',
    headers: all,
    body: Buffer.byteLength(given) <= MOST_BODY ? given : '',
    chunks: random.oneIn(6) ? LEAST_CHUNK + random.below(500) : undefined,
  };
}

function keySetDraft(random: Random, material: TokenMaterial): Draft {
  const { target, headers } = drawKeySetCall(random, material);
  return { method: random.oneIn(12) ? random.pick(['HEAD', 'OPTIONS', 'POST', 'PATCH']) : 'GET', target, version: 'HTTP/1.1', headers: sendable(headers), body: '', chunks: undefined };
}

/** Headers as latin1 has them. */
function sendable(headers: readonly (readonly [string, string])[]): [string, string][] {
  const short = headers.map(([name, value]): [string, string] => [name, value.slice(0, MOST_HEADER)]);
  return [['Host', 'fuzz.example:80'], ...short];
}
