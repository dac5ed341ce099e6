import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { compileRoutes } from '../../../../src/transport/rest/routing/routes.ts';
import { parseTemplate } from '../../../../src/transport/rest/routing/template.ts';
import { leafOf, newNode, search } from '../../../../src/transport/rest/routing/trie.ts';
import type { TrieNode } from '../../../../src/transport/rest/routing/trie.ts';

/** Every path of `a` and `*` with `depth` segments. */
function combinations(depth: number): string[] {
  if (depth === 0) return [''];
  return combinations(depth - 1).flatMap((path) => [`${path}/a`, `${path}/*`]);
}

function trieOf(templates: readonly string[]): TrieNode<string> {
  const root = newNode<string>();
  for (const template of templates) leafOf(root, parseTemplate(template).segments).set('GET', template);
  return root;
}

/** The texts, and how often one was looked at: once a visited node. */
function counted(texts: string[]): { texts: string[]; looks: () => number } {
  let looks = 0;
  const get = (target: string[], property: string | symbol): unknown => {
    looks += 1;
    return Reflect.get(target, property);
  };
  return { texts: new Proxy(texts, { get }), looks: () => looks };
}

describe('search', () => {
  it('offers leaves from the most to the least specific', () => {
    const templates = ['/a/b', '/a/*', '/a/**', '/*/b', '/*/*', '/*/**', '/**'];
    const offered: (string | undefined)[] = [];
    const taken = search(trieOf(templates.toReversed()), ['a', 'b'], (leaf) => {
      offered.push(leaf.get('GET'));
      return false;
    });
    assert.equal(taken, false);
    assert.deepEqual(offered, templates);
  });

  it('stops at the first leaf that is taken', () => {
    let offers = 0;
    const taken = search(trieOf(['/a', '/*', '/**']), ['a'], () => {
      offers += 1;
      return true;
    });
    assert.deepEqual([taken, offers], [true, 1]);
  });

  it('visits every node once at most, though every branch matches', () => {
    const depth = 10;
    const nodes = 2 ** (depth + 1) - 1;
    const root = trieOf(combinations(depth));
    for (const length of [depth, depth + 1, 1000]) {
      const { texts, looks } = counted(Array.from({ length }, () => 'a'));
      assert.equal(search(root, texts, () => false), false);
      assert.equal(looks(), nodes);
    }
  });

  it('takes as many steps as the template has segments, however long the path is', () => {
    const { texts, looks } = counted(Array.from({ length: 100_000 }, () => 'a'));
    assert.equal(search(trieOf(['/*/*/*/b', '/a/a/a/b', '/a/**']), texts, () => false), false);
    assert.ok(looks() <= 8, `${looks()} steps`);
  });

  it('grows with the routes, not with two to the depth', () => {
    const depth = 200;
    const templates = Array.from({ length: depth }, (_, at) => `${'/a'.repeat(at)}/*${'/a'.repeat(depth - at)}/b`);
    const { texts, looks } = counted(Array.from({ length: depth + 2 }, () => 'a'));
    assert.equal(search(trieOf(templates), texts, () => false), false);
    assert.ok(looks() <= depth * (depth + 2), `${looks()} steps`);
  });
});

describe('hostile targets', () => {
  const routes = compileRoutes([
    { method: 'GET', template: '/{x=**}:v' },
    { method: 'PUT', template: '/{x=a/**}' },
    { method: 'GET', template: '/a/*/a/*/b' },
  ]);

  it('of a hundred thousand segments are matched', () => {
    const path = 'a/'.repeat(100_000);
    assert.deepEqual(routes.match('PUT', `/${path}`), { kind: 'match', index: 1, variables: { x: path } });
    assert.deepEqual(routes.match('GET', `/${path}:v`), { kind: 'match', index: 0, variables: { x: path } });
    assert.deepEqual(routes.match('GET', `/${path}`), { kind: 'method_not_allowed', allow: ['PUT'] });
  });

  it('of colons, slashes and escapes are answered', () => {
    assert.deepEqual(routes.match('GET', `/${':'.repeat(100_000)}`), { kind: 'not_found' });
    assert.deepEqual(routes.match('GET', '/'.repeat(100_000)), { kind: 'not_found' });
    assert.deepEqual(routes.match('GET', `/${'%'.repeat(100_000)}`), { kind: 'bad_request' });
    assert.deepEqual(routes.match('GET', `/${'%2F'.repeat(100_000)}`), { kind: 'not_found' });
  });
});
