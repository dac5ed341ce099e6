import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { RouteError, parseTemplate } from '../../../../src/transport/rest/routing/template.ts';
import { compileRoutes } from '../../../../src/transport/rest/routing/routes.ts';
import type { Match, RouteSpec } from '../../../../src/transport/rest/routing/routes.ts';

type Expectation = null | 400 | 405 | { template: string; vars: Record<string, string> };

interface Vectors {
  match: { id: string; routes: RouteSpec[]; method: string; path: string; expect: Expectation }[];
  templates: { template: string; valid: boolean }[];
}

const file = new URL('../../../vectors/httprule.json', import.meta.url);
const vectors: Vectors = JSON.parse(readFileSync(file, 'utf8'));

function outcome(match: Match, routes: readonly RouteSpec[]): Expectation {
  if (match.kind === 'bad_request') return 400;
  if (match.kind === 'method_not_allowed') return 405;
  if (match.kind === 'not_found') return null;
  return { template: routes[match.index]?.template ?? 'no route', vars: match.variables };
}

describe('path template vectors', () => {
  for (const { id, routes, method, path, expect } of vectors.match) {
    it(`${id}: ${method} ${path}`, () => {
      assert.deepEqual(outcome(compileRoutes(routes).match(method, path), routes), expect);
      const reversed = routes.toReversed();
      assert.deepEqual(outcome(compileRoutes(reversed).match(method, path), reversed), expect);
    });
  }

  for (const { template, valid } of vectors.templates) {
    it(`${valid ? 'takes' : 'refuses'} "${template}"`, () => {
      if (valid) assert.doesNotThrow(() => parseTemplate(template));
      else assert.throws(() => parseTemplate(template), RouteError);
    });
  }
});
