import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { UUID, requestIdOf } from '../answer.ts';
import type { Answer } from '../answer.ts';
import type { RestRequest } from '../rest.ts';
import { withIdentities } from './bench.ts';
import { assertIdentityRefusal } from './errors.ts';
import { newIdentityKey, selfSigned } from './signer.ts';

const KEY = newIdentityKey();
const { pk } = KEY;
const JOB = 'AAAAAAAAAAAAAAAAAAAA';
const JWT = selfSigned(KEY);

/** Each path of section 2, and its methods. */
const PATHS: readonly (readonly [path: string, allow: string])[] = [
  ['/key', 'DELETE, POST'],
  [`/key/${pk}`, 'DELETE, GET, HEAD, POST, PUT'],
  ['/login', 'POST'],
  ['/scope', 'POST'],
  [`/scope/${JOB}`, 'DELETE, GET, HEAD, POST, PUT'],
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE', 'QUERY'];

const UNKNOWN = ['/key/', `/key/${pk}/`, `/key/${pk}/x`, '/key//', `/key//${pk}`, '/scope/', `/scope/${JOB}/`, `/scope/${JOB}/x`, '/scope/.//', '/login/', '/login/x', '/key/..%2f/x'];
/** What is no path at all. */
const MALFORMED = [`/key/%`, `/key/%zz`, `/key/${pk}%`, '/key/%00', '/key/%ff', '/key/%C0%AF', '/scope/%e', '/scope/%ED%A0%80', '/login/%', '/key/%/x'];
/** Prefixes count by whole segments and by case. */
const FOREIGN = ['/keys', '/Key', '/KEY/x', '/scopes/x', '/logins', '/loginx', '/', '//key', '/x/key'];

describe('contracts/authentiq.md section 2: paths and methods', () => {
  const bench = withIdentities();
  const send = (request: RestRequest): Promise<Answer> => bench().rest.send(request);

  for (const [path, allow] of PATHS) {
    for (const method of METHODS.filter((each) => !allow.split(', ').includes(each))) {
      it(`405 with Allow: ${method} ${path}`, async () => {
        for (const target of [path, `${path}?`, `${path}?x=%zz`]) {
          const answer = await send({ method, target, headers: [['Content-Type', 'application/jwt']], body: method === 'HEAD' || method === 'TRACE' ? undefined : JWT });
          assert.deepEqual(answer.headers.get('allow'), [allow]);
          if (method === 'HEAD') assertHead(answer, 405);
          else assertIdentityRefusal(answer, 'not-supported');
        }
      });
    }
  }

  for (const target of UNKNOWN) {
    it(`404 not-found: ${target}`, async () => {
      for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
        const answer = await send({ method, target });
        assertIdentityRefusal(answer, 'not-found');
        assert.equal(answer.headers.get('allow'), undefined);
      }
      assertHead(await send({ method: 'HEAD', target }), 404);
    });
  }

  for (const target of MALFORMED) {
    it(`404 not-found to malformed escapes: ${target}`, async () => {
      for (const method of ['GET', 'PUT', 'OPTIONS']) {
        const text = await bench().rest.raw(`${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
        assert.match(text, /^HTTP\/1\.1 404 [^]*\r\n\r\n\{"error":404,"type":"not-found","title":"Not found","detail":"No such resource exists\."\}$/);
      }
    });
  }

  for (const target of FOREIGN) {
    it(`is not of this API: ${target}`, async () => {
      const answer = await send({ method: 'GET', target });
      assert.deepEqual([answer.status, answer.reason], [404, 'ROUTE_NOT_FOUND']);
    });
  }

  it('a path may be escaped', async () => {
    const escaped = Array.from(pk, (letter) => `%${(letter.codePointAt(0) ?? 0).toString(16)}`).join('');
    for (const target of [`/%6bey/${pk}`, `/key/${escaped}`, `/k%65y/${escaped}`]) assertIdentityRefusal(await send({ method: 'GET', target }), 'unknown-key');
    assertIdentityRefusal(await send({ method: 'GET', target: `/key/${pk}%2Fx` }), 'unknown-key');
  });

  it('X-HTTP-Method-Override means nothing', async () => {
    assertIdentityRefusal(await send({ method: 'GET', target: '/scope', headers: [['X-HTTP-Method-Override', 'POST']] }), 'not-supported');
  });
});

/** An answer to HEAD: the head of a refusal, without its body. */
function assertHead(answer: Answer, status: number): void {
  assert.deepEqual([answer.status, answer.body, answer.headers.get('content-type')], [status, '', ['application/json']]);
  assert.ok(Number(answer.headers.get('content-length')?.[0]) > 0);
  assert.match(requestIdOf(answer), UUID);
}
