import assert from 'node:assert/strict';
import { OPERATOR_TOKEN } from '../support/service.ts';
import { assertAnswer, assertJsonHeaders, requestIdOf } from './answer.ts';
import type { Answer, Want } from './answer.ts';
import { UPDATE, makeUpdate } from './harness.ts';
import { REST, restOnly, runRows, withBench } from './rows.ts';
import type { Row } from './rows.ts';

/** Paths of the prefixes /device, /as and /idp, none of which is a call of this version. */
const UNKNOWN: readonly string[] = [
  '/device', '/device/', '/as', '/as/', '/idp', '/idp/',
  `${UPDATE}/`, `${UPDATE}//`, `${UPDATE}/x`, '/device/update', '/device/update/', '/device//update/pubkey', '/device/./update/pubkey',
  '/device/update/../update/pubkey', '/device/../v1/devices', '/device/update/pubkey:x', '/device/update/pubkey;x=1', '/device/update/pubkey.json',
  '/device/Update/pubkey', '/device/update/PubKey', '/device/update/pubkey%20', '/device/update%2Fpubkey', '/device/update/pubkey%3Fx', '/device/update/pubkey%00',
  '/as/token/', '/as/Token', '/as/renew', '/idp/introspect/', '/as/%zz', '/idp/%ff', '/device?x=1', '/device/?/device/update/pubkey',
];

/** Prefixes count by whole segments and by case: these belong to others. */
const FOREIGN: readonly string[] = ['/devices', '/devicex/update/pubkey', '/Device/update/pubkey', '/DEVICE/UPDATE/PUBKEY', '/ass', '/as.token', '/idpx', '/IDP/introspect', '/', '/x/device/update/pubkey', '//device/update/pubkey'];

const OTHER_METHODS: readonly string[] = ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'LINK', 'PURGE', 'QUERY', 'M-SEARCH'];

const QUERIES: readonly Row[] = ['?', '?x=1', '?pop=evil', '?pop=1&pop=2', '?%zz', '?%ff', '?%00', '?=&=&&', '?/../?%', '?a[]=\'"<>'].map((query) => ({
  name: `the query ${query}`,
  want: 'OK',
  wires: REST,
  request: () => ({ target: UPDATE + query }),
}));

const HEADERS: readonly Row[] = restOnly([
  ...['text/html', 'application/xml;q=0.1', '', 'not/a/type'].map((value): Row => ({ name: `Accept: ${value}`, want: 'OK', request: () => ({ headers: [['Accept', value]] }) })),
  { name: 'Accept twice', want: 'OK', request: () => ({ headers: [['Accept', 'a/b'], ['Accept', 'c/d']] }) },
  { name: 'Accept-Encoding', want: 'OK', request: () => ({ headers: [['Accept-Encoding', 'gzip, br']] }) },
  { name: 'X-HTTP-Method-Override', want: 'OK', request: () => ({ headers: [['X-HTTP-Method-Override', 'DELETE']] }) },
  { name: 'an offer to upgrade', want: 'OK', request: () => ({ headers: [['Upgrade', 'h2c'], ['Connection', 'Upgrade, HTTP2-Settings']] }) },
  { name: 'an escaped letter in the path', want: 'OK', request: () => ({ target: '/device/up%64ate/%70ubkey' }) },
  { name: 'an escaped letter in the prefix', want: 'OK', request: () => ({ target: '/%64evice/update/pubkey' }) },
]);

function assertE404(answer: Answer): void {
  assertAnswer(answer, 'E404');
  assert.equal(answer.headers.get('allow'), undefined);
}

describe('section 2: paths and methods', () => {
  const bench = withBench();
  const send = (method: string, target: string): Promise<Answer> =>
    bench().rest.send({ method, target, headers: [['Authorization', `Bearer ${OPERATOR_TOKEN}`]] });

  for (const target of UNKNOWN) {
    for (const method of ['POST', 'GET']) it(`E404: ${method} ${target}`, async () => assertE404(await send(method, target)));
  }

  for (const target of FOREIGN) {
    it(`404 in the envelope of /v1: POST ${target}`, async () => {
      const answer = await send('POST', target);
      requestIdOf(answer);
      const details = '[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"ROUTE_NOT_FOUND","domain":"keyturn"}]';
      assert.deepEqual([answer.status, answer.body], [404, `{"code":5,"message":"There is nothing at this path.","details":${details}}`]);
      assertJsonHeaders(answer);
    });
  }

  for (const target of [UPDATE, `${UPDATE}?x=1`, '/device/update/%70ubkey', '/%64evice/update/pubkey']) {
    for (const method of OTHER_METHODS) it(`E404, never 405: ${method} ${target}`, async () => assertE404(await send(method, target)));
  }

  it('E404 to an unknown path in a prefix that is escaped', async () => assertE404(await send('POST', '/%64evice/unknown')));

  for (const target of [UPDATE, '/device/x', '/as', '/idp/x']) {
    it(`E404 without a body: HEAD ${target}`, async () => {
      const [head, get] = [await send('HEAD', target), await send('GET', target)];
      assert.deepEqual([head.status, head.body], [404, '']);
      assert.deepEqual(head.headers.get('content-type'), ['application/json']);
      assert.deepEqual(head.headers.get('content-length'), get.headers.get('content-length'));
      assert.equal(head.headers.get('allow'), undefined);
      requestIdOf(head);
    });
  }

  it('E404 without a good JWT, body or type: the path comes first', async () => {
    for (const request of [{ authorization: undefined }, { type: null }, { body: '{' }]) {
      const { jwt, pop } = makeUpdate(await bench().device());
      const want: Want = 'E404';
      assertAnswer(await bench().send('rest', { authorization: jwt, pop, target: `${UPDATE}/`, ...request }), want);
      assertAnswer(await bench().send('rest', { authorization: jwt, pop, method: 'PUT', ...request }), want);
    }
  });

  runRows(bench, [...QUERIES, ...HEADERS]);
});
