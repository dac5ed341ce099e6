import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { RouteError } from '../../../../src/transport/rest/routing/template.ts';
import { compileRoutes } from '../../../../src/transport/rest/routing/routes.ts';
import type { Match, RouteSpec } from '../../../../src/transport/rest/routing/routes.ts';

/** Routes as "GET /a"; without a method, GET. */
function specs(routes: readonly string[]): RouteSpec[] {
  return routes.map((route) => {
    const [method = '', template] = route.split(' ');
    return template === undefined ? { method: 'GET', template: method } : { method, template };
  });
}

/** "template name=value ..." of the route that serves the request, or the kind of refusal; in both orders of the routes. */
function serve(routes: readonly string[], request: string): string {
  const [forwards, backwards] = [routes, routes.toReversed()].map((each) => answer(each, request));
  assert.equal(forwards, backwards, 'the order of registration decided');
  return forwards ?? '';
}

function answer(routes: readonly string[], request: string): string {
  const match = matchOf(routes, request);
  if (match.kind === 'method_not_allowed') return `allow ${match.allow.join(',')}`;
  if (match.kind !== 'match') return match.kind;
  const variables = Object.entries(match.variables).map(([path, value]) => `${path}=${value}`);
  return [routes[match.index], ...variables].join(' ');
}

function matchOf(routes: readonly string[], request: string): Match {
  const [spec] = specs([request]);
  return compileRoutes(specs(routes)).match(spec?.method ?? '', spec?.template ?? '');
}

function check(cases: readonly (readonly [routes: readonly string[], request: string, answer: string])[]): void {
  for (const [routes, request, expected] of cases) {
    it(`${request} on ${routes.join(', ')}: ${expected}`, () => assert.equal(serve(routes, request), expected));
  }
}

describe('what matches', () => {
  check([
    [['/a/b'], '/a/b', '/a/b'],
    [['/a/b'], '/A/b', 'not_found'],
    [['/a'], '/a/', 'not_found'],
    [['/a/{x}'], '/a/', 'not_found'],
    [['/a/*'], '/a/', 'not_found'],
    [['/{x}'], '/', 'not_found'],
    [['/a/{x}/b'], '/a//b', 'not_found'],
    [['/a/b'], '//a/b', 'not_found'],
    [['/a/b'], '/a//b', 'not_found'],
    [['/a/b'], '/a/./b', 'not_found'],
    [['/b'], '/a/../b', 'not_found'],
    [['/{x}'], '/..', '/{x} x=..'],
    [['/{x}'], '/%2e%2e', '/{x} x=..'],
    [['/{x}'], '/%20', '/{x} x= '],
    [['/a'], '/a?b=%zz&%ff', '/a'],
    [['/a'], '/a?', '/a'],
    [[], '/a', 'not_found'],
    // ** takes zero or more segments, empty ones too.
    [['/v1/{x=**}'], '/v1', '/v1/{x=**} x='],
    [['/v1/{x=**}'], '/v1/', '/v1/{x=**} x='],
    [['/v1/{x=**}'], '/v1//', '/v1/{x=**} x=/'],
    [['/v1/{x=**}'], '/v1//a//b/', '/v1/{x=**} x=/a//b/'],
    [['/v1/{x=a/**}'], '/v1/a', '/v1/{x=a/**} x=a'],
    [['/v1/{x=a/**}'], '/v1', 'not_found'],
    [['/v1/{x=*/**}'], '/v1//a', 'not_found'],
    [['/{x=**}'], '/', '/{x=**} x='],
    [['/**'], '/', '/**'],
    // Both sides are decoded once before they compare.
    [['/a%2Fb'], '/a%2fb', '/a%2Fb'],
    [['/a%2Fb'], '/a/b', 'not_found'],
    [['/%61b'], '/a%62', '/%61b'],
    [['/a%252Fb'], '/a%2Fb', 'not_found'],
    [['/a%3Ab'], '/a:b', '/a%3Ab'],
  ]);
});

describe('values of variables', () => {
  check([
    [['/{x}'], '/a%2Fb%2fc', '/{x} x=a/b/c'],
    [['/{x=*}'], '/%252F+%C3%A9', '/{x=*} x=%2F+é'],
    [['/{x=a%2Fb}'], '/a%2fb', '/{x=a%2Fb} x=a/b'],
    [['/{x=**}'], '/a%2Fb', '/{x=**} x=a%2Fb'],
    [['/{x=**}'], '/a%2fb/%20/%252F', '/{x=**} x=a%2fb/ /%2F'],
    [['/{x=a%2Fb/*}'], '/a%2fb/%41%2F', '/{x=a%2Fb/*} x=a%2fb/A%2F'],
    [['/{x=a/*}/{y}/{z=b/**}'], '/a/1/2/b/3/4', '/{x=a/*}/{y}/{z=b/**} x=a/1 y=2 z=b/3/4'],
    [['/{x=a/*}:v'], '/a/%2F:v', '/{x=a/*}:v x=a/%2F'],
  ]);

  for (const path of ['__proto__', 'constructor', 'toString', '__proto__.polluted', 'hasOwnProperty']) {
    it(`are own properties of a plain object, ${path} too`, () => {
      const match = matchOf([`/{${path}}/{other}`], '/a/b');
      assert.ok(match.kind === 'match');
      assert.deepEqual(Object.entries(match.variables), [[path, 'a'], ['other', 'b']]);
      assert.equal(Object.getPrototypeOf(match.variables), Object.prototype);
    });
  }

  it('are none where the template has none', () => {
    assert.deepEqual(matchOf(['/a/*'], '/a/b'), { kind: 'match', index: 0, variables: {} });
  });
});

describe('which route wins', () => {
  check([
    [['/a', '/*', '/**'], '/a', '/a'],
    [['/a', '/*', '/**'], '/b', '/*'],
    [['/a', '/*', '/**'], '/b/c', '/**'],
    [['/a', '/a/**'], '/a', '/a'],
    [['/a/*', '/a/{x=**}'], '/a/', '/a/{x=**} x='],
    [['/a/*/c', '/*/b/c'], '/a/b/c', '/a/*/c'],
    [['/*/b/**', '/*/*/c'], '/a/b/c', '/*/b/**'],
    // A branch that leads nowhere is left again.
    [['/a/b/c', '/a/*/d', '/*/b/e'], '/a/b/d', '/a/*/d'],
    [['/a/b/c', '/a/*/d', '/*/b/e'], '/a/b/e', '/*/b/e'],
    [['/a/b/c', '/a/*/d', '/{x=**}'], '/a/b/f', '/{x=**} x=a/b/f'],
    // So is one that has the path without the method.
    [['GET /a', 'PUT /*', 'POST /**'], 'PUT /a', 'PUT /*'],
    [['GET /a', 'PUT /*', 'POST /**'], 'POST /a', 'POST /**'],
    // "*" is any method, and yields to the method itself on the same shape only.
    [['GET /a', '* /{x=a}'], 'GET /a', 'GET /a'],
    [['GET /a', '* /{x=a}'], 'PURGE /a', '* /{x=a} x=a'],
    [['GET /*', '* /a'], 'GET /a', '* /a'],
    [['* /a'], '* /a', '* /a'],
  ]);
});

describe('verbs', () => {
  check([
    [['/{x}'], '/a:v', '/{x} x=a:v'],
    [['/{x}', '/{x}:v'], '/a:v', '/{x}:v x=a'],
    [['/{x}', '/{x}:v'], '/a:w', '/{x} x=a:w'],
    [['/{x}', '/{x}:v'], '/a%3Av', '/{x} x=a:v'],
    [['/{x}', '/{x}:v'], '/a:b:v', '/{x}:v x=a:b'],
    [['/{x}', '/{x}:v'], '/a:v:', '/{x} x=a:v:'],
    [['/{x}', '/{x}:v'], '/:v', '/{x} x=:v'],
    [['/{x}', '/{x}:v'], '/a:%76', '/{x}:v x=a'],
    [['/{x}', '/{x}:v'], '/a:V', '/{x} x=a:V'],
    [['/{x}:%2c'], '/a:,', '/{x}:%2c x=a'],
    [['/{x}:b%3Ac'], '/a:b%3ac', '/{x}:b%3Ac x=a'],
    [['/{x}:b%3Ac'], '/a:b:c', 'not_found'],
    [['/a'], '/a:', 'not_found'],
    [['/a:v'], '/a', 'not_found'],
    [['/*/b:v', '/{x}/{y}'], '/a:v/b', '/{x}/{y} x=a:v y=b'],
    [['/a/{x=**}:v'], '/a:v', '/a/{x=**}:v x='],
    [['/a/{x=**}:v'], '/a/:v', '/a/{x=**}:v x='],
    [['/a/{x=**}:v'], '/a/b/:v', '/a/{x=**}:v x=b/'],
    [['/a/{x=**}:v'], '/a/b:v/', 'not_found'],
    // A route with the verb wins over any without, however specific.
    [['/a%3Av', '/**:v'], '/a:v', '/**:v'],
    // It does so only on its own path, and only with the method.
    [['/a/b:v', '/{x}'], '/c:v', '/{x} x=c:v'],
    [['POST /{x}:v', 'GET /{x}'], 'GET /a:v', 'GET /{x} x=a:v'],
    [['POST /{x}:v', 'GET /{x}', 'PUT /**'], 'DELETE /a:v', 'allow GET,POST,PUT'],
  ]);
});

describe('refusals', () => {
  check([
    [['PUT /a', 'GET /*', 'PUT /**', 'DELETE /b'], 'POST /a', 'allow GET,PUT'],
    [['GET /a'], 'get /a', 'allow GET'],
    [['GET /a'], 'HEAD /a', 'allow GET'],
    [['GET /a'], 'OPTIONS /a', 'allow GET'],
    [['OPTIONS /a', 'HEAD /a', 'GET /a', 'b /a'], 'POST /a', 'allow GET,HEAD,OPTIONS,b'],
    [['GET /a'], 'POST /a/', 'not_found'],
    [['GET /a'], 'POST /%zz', 'bad_request'],
    [['/{x}'], '/%zz', 'bad_request'],
    [['/{x}'], '/%ff', 'bad_request'],
    [['/{x}'], '/%00', 'bad_request'],
    [['/a'], '/b/%', 'bad_request'],
    [['/a'], '/a:%', 'bad_request'],
    [['/a'], '/a#b', 'bad_request'],
    [['/a'], '/a?b#c', 'bad_request'],
    [['/a'], '/a?é', 'bad_request'],
    [['/a', '/**'], 'http://host/a', 'bad_request'],
    [['* /**'], 'OPTIONS *', 'bad_request'],
    [['* /**'], 'CONNECT host:443', 'bad_request'],
    [[], '/%zz', 'bad_request'],
  ]);
});

describe('compileRoutes', () => {
  for (const [first, second] of [
    ['/a', '/a'],
    ['/{x}', '/{y}'],
    ['/{x}', '/*'],
    ['/{x=a/*}', '/a/{y}'],
    ['/{x=**}', '/**'],
    ['/{x=a/b}', '/a/b'],
    ['/%61', '/a'],
    ['/a%2fb', '/a%2Fb'],
    ['/{x}:v', '/*:%76'],
    ['* /a', '* /{x=a}'],
  ] as const) {
    it(`refuses ${first} beside ${second}`, () => {
      assert.throws(() => compileRoutes(specs([first, '/z', second])), RouteError);
      assert.throws(() => compileRoutes(specs([second, '/z', first])), RouteError);
    });
  }

  it('takes shapes that differ in method, verb, case or wildcard', () => {
    const routes = ['GET /a', 'POST /a', '* /a', '/A', '/a:v', '/a:w', '/*', '/**', '/a/*', '/a/**', '/*/**', '/a/*/**'];
    assert.doesNotThrow(() => compileRoutes(specs(routes)));
  });

  for (const [template, method, message] of [
    ['/a/', 'GET', 'template "/a/": a segment is empty at position 3'],
    ['/a', '', 'template "/a": "" is not a method'],
    ['/a', 'G T', 'template "/a": "G T" is not a method'],
    ['/{y}/c', 'PUT', 'PUT "/{y}/c": matches the same requests as "/{x}/c"'],
  ] as const) {
    it(`names the route: ${message}`, () => {
      const routes = [{ method: 'PUT', template: '/{x}/c' }, { method, template }];
      assert.throws(() => compileRoutes(routes), { name: 'RouteError', message });
    });
  }

  it('does not see changes of the list', () => {
    const list = [{ method: 'GET', template: '/a' }];
    const routes = compileRoutes(list);
    list.length = 0;
    assert.deepEqual(routes.match('GET', '/a'), { kind: 'match', index: 0, variables: {} });
  });
});
