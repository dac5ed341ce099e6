import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { RouteTable } from '../../../../src/transport/rest/routing/routes.ts';
import type { Match } from '../../../../src/transport/rest/routing/routes.ts';
import { escape, naiveMatch, piecesOf, render, shapeOf } from './naive_matcher.ts';
import type { NaiveRoute, Outcome, Part, Piece } from './naive_matcher.ts';

const SETS = 100_000;
const TARGETS = 2;

/** Numbers from 0 up to and without `below`, the same ones for the same seed. */
type Random = (below: number) => number;

/** The generator mulberry32. */
function randomOf(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const METHODS = ['GET', 'GET', 'PUT', '*', 'HEAD', 'OPTIONS'];
const WANTED = ['GET', 'PUT', 'HEAD', 'HEAD', 'OPTIONS', 'PURGE'];
const TEXTS = ['a', 'b', 'v', 'a:v', '/', 'é'];
const SEGMENTS = ['a', 'b', 'v', '', 'c', 'a:v', 'b:v', ':v', 'a:', ':', 'a%3Av', '%61', '%2F', '%2f', 'a:%2F', 'a%2fb', '%252F', '%C3%A9', '..'];

function pick<T>(random: Random, of: readonly T[]): T {
  return of[random(of.length)] as T;
}

function routeOf(random: Random): NaiveRoute {
  const pieces = Array.from({ length: random(4) }, (): Piece => (random(5) < 3 ? { text: pick(random, TEXTS) } : '*'));
  if (pieces.length === 0 || random(4) === 0) pieces.push('**');
  const parts: Part[] = [];
  for (let start = 0; start < pieces.length; ) {
    const length = 1 + random(3);
    parts.push({ variable: random(2) === 0 ? undefined : `v${start}`, pieces: pieces.slice(start, start + length) });
    start += length;
  }
  return { method: pick(random, METHODS), parts, verb: random(3) === 0 ? pick(random, TEXTS) : undefined };
}

/** Half of the targets look like one of the routes. */
function targetOf(random: Random, routes: readonly NaiveRoute[]): string {
  if (random(2) === 0) return `/${Array.from({ length: 1 + random(4) }, () => pick(random, SEGMENTS)).join('/')}`;
  const route = pick(random, routes);
  const segments = piecesOf(route).flatMap((piece) => {
    if (piece === '**') return Array.from({ length: random(3) }, () => pick(random, SEGMENTS));
    return piece === '*' || random(8) === 0 ? [pick(random, SEGMENTS)] : [escape(piece.text)];
  });
  return `/${segments.join('/')}${route.verb === undefined || random(8) === 0 ? '' : `:${escape(route.verb)}`}`;
}

function outcomeOf(routes: readonly NaiveRoute[], match: Match): Outcome {
  if (match.kind === 'method_not_allowed') return { allow: match.allow };
  if (match.kind === 'not_found') return { allow: [] };
  const route = match.kind === 'match' ? routes[match.index] : undefined;
  assert.ok(match.kind === 'match' && route !== undefined, 'a well-formed target is a bad request');
  return { route, values: Object.values(match.variables) };
}

describe('a hundred thousand random sets of routes', () => {
  it('match as the naive matcher does, HEAD with GET as its stand-in too', () => {
    const seed = Math.trunc(Math.random() * 2 ** 32);
    const random = randomOf(seed);
    const seen = { route: 0, not_found: 0, method_not_allowed: 0, verb: 0, any: 0, head: 0 };
    for (let set = 0; set < SETS; set += 1) {
      const some = Array.from({ length: 1 + random(8) }, () => routeOf(random));
      const routes = [...new Map(some.map((each) => [shapeOf(each), each])).values()];
      const table = new RouteTable(routes.map((each) => ({ method: each.method, template: render(each) })));
      for (let index = 0; index < TARGETS; index += 1) {
        const method = pick(random, WANTED);
        const target = targetOf(random, routes);
        const standIn = method === 'HEAD' && random(4) > 0 ? 'GET' : undefined;
        const expected = naiveMatch(routes, method, target, standIn);
        const found = outcomeOf(routes, table.match(method, target, standIn));
        if (JSON.stringify(found) !== JSON.stringify(expected)) {
          assert.deepEqual(found, expected, `${method} ${target} with stand-in ${standIn}, set ${set} of seed ${seed}`);
        }
        if (!('route' in expected)) seen[expected.allow.length === 0 ? 'not_found' : 'method_not_allowed'] += 1;
        else {
          seen.route += 1;
          if (expected.route.verb !== undefined) seen.verb += 1;
          if (expected.route.method === '*') seen.any += 1;
          if (method === 'HEAD' && expected.route.method === 'GET') seen.head += 1;
        }
      }
    }
    // Each kind of answer came up often: the sets and targets are not beside the point.
    for (const [kind, count] of Object.entries(seen)) assert.ok(count > SETS / 50, `${kind}: ${count} of ${SETS * TARGETS}`);
  });
});
