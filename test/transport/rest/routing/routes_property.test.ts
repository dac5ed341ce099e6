import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import * as fc from 'fast-check';
import { RouteError } from '../../../../src/transport/rest/routing/template.ts';
import { compileRoutes } from '../../../../src/transport/rest/routing/routes.ts';
import { escape, naiveMatch, piecesOf, render, shapeOf } from './naive_matcher.ts';
import type { NaiveRoute, Outcome, Part, Piece } from './naive_matcher.ts';

/** Routes whose literals are drawn from `text`; variables are called v0, v1, ... by their place. */
function routesOf(text: fc.Arbitrary<string>, method: fc.Arbitrary<string>): fc.Arbitrary<NaiveRoute> {
  const piece: fc.Arbitrary<Piece> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ text }) },
    { weight: 2, arbitrary: fc.constant<Piece>('*') },
  );
  const rest = fc.option(fc.constant<Piece>('**'), { nil: undefined, freq: 4 });
  const pieces = fc.tuple(fc.array(piece, { maxLength: 4 }), rest).map(([some, last]) => (last ? some.concat(last) : some));
  const cut = fc.record({ length: fc.integer({ min: 1, max: 3 }), bound: fc.boolean() });
  const cuts = fc.array(cut, { minLength: 5, maxLength: 5 });
  const parts = fc.tuple(pieces.filter((each) => each.length > 0), cuts).map(([some, lengths]) => partsOf(some, lengths));
  return fc.record({ method, parts, verb: fc.option(text, { nil: undefined, freq: 3 }) });
}

function partsOf(pieces: readonly Piece[], cuts: readonly { length: number; bound: boolean }[]): Part[] {
  let start = 0;
  const parts = cuts.map(({ length, bound }, place) => {
    const part = { variable: bound ? `v${place}` : undefined, pieces: pieces.slice(start, start + length) };
    start += length;
    return part;
  });
  return parts.filter((part) => part.pieces.length > 0);
}

const methods = fc.constantFrom('GET', 'PUT', '*');
const fewTexts = fc.constantFrom('a', 'b', 'v', 'a:v', '/');
const route = routesOf(fewTexts, methods);

const oddSegments = ['', 'c', 'a:v', 'b:v', ':v', 'a:', ':', 'a%3Av', '%61', '%2F', '%2f', 'a:%2F', 'a%2fb', '%252F'];
const segment = fc.oneof(fc.constantFrom('a', 'b', 'v'), fc.constantFrom(...oddSegments));
const target = fc.array(segment, { minLength: 1, maxLength: 5 }).map((segments) => `/${segments.join('/')}`);

function distinct(routes: readonly NaiveRoute[]): NaiveRoute[] {
  return [...new Map(routes.map((each) => [shapeOf(each), each])).values()];
}

function compile(routes: readonly NaiveRoute[]): ReturnType<typeof compileRoutes> {
  return compileRoutes(routes.map((each) => ({ method: each.method, template: render(each) })));
}

function outcome(routes: readonly NaiveRoute[], match: ReturnType<ReturnType<typeof compile>['match']>): Outcome {
  if (match.kind === 'method_not_allowed') return { allow: match.allow };
  if (match.kind === 'not_found') return { allow: [] };
  assert.ok(match.kind === 'match', 'a well-formed target is a bad request');
  const found = routes[match.index];
  assert.ok(found);
  const names = found.parts.flatMap(({ variable }) => variable ?? []);
  assert.deepEqual(Object.keys(match.variables), names);
  return { route: found, values: Object.values(match.variables) };
}

/** What stands for each piece, decoded; `**` gets what is left of the values, up to all of it. */
function fill(pieces: readonly Piece[], from: string[]): string[] {
  return pieces.flatMap((piece) => {
    if (piece === '**') return from.splice(0);
    return piece === '*' ? from.splice(0, 1) : [piece.text];
  });
}

describe('routes, against a naive matcher', () => {
  it('agree on random routes and targets', () => {
    const sets = fc.array(route, { minLength: 1, maxLength: 12 });
    const requests = fc.array(fc.tuple(fc.constantFrom('GET', 'PUT', 'POST'), target), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(sets, requests, (some, wanted) => {
        const routes = distinct(some);
        const compiled = compile(routes);
        for (const [method, path] of wanted) {
          assert.deepEqual(outcome(routes, compiled.match(method, path)), naiveMatch(routes, method, path));
        }
      }),
      { numRuns: 10_000, interruptAfterTimeLimit: 6000 },
    );
  });

  it('are refused exactly if two have the same method and shape', () => {
    fc.assert(
      fc.property(fc.array(route, { maxLength: 6 }), fc.nat(), (some, pick) => {
        const routes = distinct(some);
        assert.doesNotThrow(() => compile(routes));
        const twin = routes[pick % (routes.length || 1)];
        if (twin === undefined) return;
        const parts = [{ variable: 'twin', pieces: piecesOf(twin) }];
        assert.throws(() => compile([...routes, { ...twin, parts }]), RouteError);
      }),
      { numRuns: 1000, interruptAfterTimeLimit: 2000 },
    );
  });
});

describe('routes, given back their own requests', () => {
  const text = fc.string({ unit: 'binary', minLength: 1 }).filter((each) => !each.includes('\0'));
  const anyRoute = routesOf(text, fc.constant('GET'));
  const values = fc.array(text, { minLength: 8, maxLength: 8 });

  it('have the values that they were built with', () => {
    fc.assert(
      fc.property(anyRoute, values, fc.nat({ max: 3 }), (wanted, some, more) => {
        const left = some.slice(0, piecesOf(wanted).filter((piece) => piece === '*').length + more);
        const filled = wanted.parts.map(({ variable, pieces }) => ({ variable, pieces, texts: fill(pieces, left) }));
        const path = filled.flatMap(({ texts }) => texts.map(escape)).join('/');
        const raw = `/${path}${wanted.verb === undefined ? '' : `:${escape(wanted.verb)}`}`;
        const bound = filled.filter(({ variable }) => variable !== undefined);
        const expected = bound.map(({ pieces, texts }) => {
          const whole = pieces.length === 1 && pieces[0] !== '**';
          return texts.map((each) => (whole ? each : each.replaceAll('/', '%2F'))).join('/');
        });
        assert.deepEqual(outcome([wanted], compile([wanted]).match('GET', raw)), { route: wanted, values: expected });
      }),
      { numRuns: 3000, interruptAfterTimeLimit: 3000 },
    );
  });
});
