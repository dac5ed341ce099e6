import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES, assertAnswer } from '../answer.ts';
import { withBench } from '../rows.ts';
import { RENEW, renew } from './kit.ts';
import { MANY_FAILURES, REFRESH, SCOPES, assertGranted, assertRefused, holder, renewIts } from './renewals.ts';
import type { RefusalName } from './renewals.ts';

const ALL = SCOPES.join(' ');
const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';

/** A body of a device's id, in a media type, and the scope that it is granted or the refusal. */
type Row = readonly [name: string, type: string | null, body: (id: string) => string | Buffer, granted: string | { readonly refusal: RefusalName }];

const large = (id: string, bytes: number): string => JSON.stringify({ client_id: id }).padEnd(bytes, ' ');
const FORM = { refusal: 'FORM' } as const;

const ROWS: readonly Row[] = [
  ['JSON with a charset', `${JSON_TYPE}; charset=utf-8`, (id) => JSON.stringify({ client_id: id }), ALL],
  ['JSON, its type in capitals', 'APPLICATION/JSON', (id) => JSON.stringify({ client_id: id }), ALL],
  ['JSON with white space and unknown members', JSON_TYPE, (id) => ` { "grant_type" : ["x", {}], "client_id" : "${id}", "clientId": 7, "scope" : "${REFRESH}" }\n`, REFRESH],
  ['JSON with escapes', JSON_TYPE, (id) => `{"client_id":"\\u00${id.charCodeAt(0).toString(16)}${id.slice(1)}","sc\\u006fpe":"${REFRESH}"}`, REFRESH],
  ['JSON with scope null', JSON_TYPE, (id) => `{"client_id":"${id}","scope":null}`, ALL],
  ['JSON of exactly 16 KiB', JSON_TYPE, (id) => large(id, 16_384), ALL],
  ['JSON of 16 KiB and a byte', JSON_TYPE, (id) => large(id, 16_385), { refusal: 'LARGE' }],
  ['a form', FORM_TYPE, (id) => `client_id=${id}`, ALL],
  ['a form with a charset', `${FORM_TYPE};charset=UTF-8`, (id) => `client_id=${id}`, ALL],
  ['a form, its scope with +', FORM_TYPE, (id) => `scope=${REFRESH}+config.read&client_id=${id}`, `${REFRESH} config.read`],
  ['a form, its scope with %20', FORM_TYPE, (id) => `client_id=${id}&scope=${REFRESH}%20config.read`, `${REFRESH} config.read`],
  ['a form, its scope with %2B', FORM_TYPE, (id) => `client_id=${id}&scope=${REFRESH}%2Bconfig.read`, { refusal: 'SCOPE' }],
  ['a form, its scope empty', FORM_TYPE, (id) => `client_id=${id}&scope=`, ALL],
  ['a form with unknown fields', FORM_TYPE, (id) => `x=1&client_id=${id}&grant_type=refresh`, ALL],
  ['a form with an unknown field twice', FORM_TYPE, (id) => `x=1&x=2&client_id=${id}`, FORM],
  ['a form with a field twice', FORM_TYPE, (id) => `client_id=${id}&client_id=${id}`, FORM],
  ['a form with scope twice', FORM_TYPE, (id) => `client_id=${id}&scope=${REFRESH}&scope=${REFRESH}`, FORM],
  ['a form with a malformed escape', FORM_TYPE, (id) => `client_id=${id}&scope=%zz`, FORM],
  ['a form without client_id', FORM_TYPE, () => `scope=${REFRESH}`, FORM],
  ['an empty form', FORM_TYPE, () => '', FORM],
  ['a form labelled as JSON', JSON_TYPE, (id) => `client_id=${id}`, FORM],
  ['JSON labelled as a form', FORM_TYPE, (id) => JSON.stringify({ client_id: id }), FORM],
  ['no type', null, (id) => JSON.stringify({ client_id: id }), FORM],
  ['another type', 'text/plain', (id) => JSON.stringify({ client_id: id }), FORM],
  ['a type that is none', 'json', (id) => JSON.stringify({ client_id: id }), FORM],
  ['application/jwt', 'application/jwt', (id) => JSON.stringify({ client_id: id }), FORM],
  ['no body', JSON_TYPE, () => '', FORM],
  ['no client_id', JSON_TYPE, () => '{}', FORM],
  ['client_id null', JSON_TYPE, () => '{"client_id":null}', FORM],
  ['client_id empty', JSON_TYPE, () => '{"client_id":""}', FORM],
  ['client_id a number', JSON_TYPE, () => '{"client_id":7}', FORM],
  ['client_id a list', JSON_TYPE, (id) => `{"client_id":["${id}"]}`, FORM],
  ['client_id twice', JSON_TYPE, (id) => `{"client_id":"${id}","client_id":"${id}"}`, FORM],
  ['an unknown member twice', JSON_TYPE, (id) => `{"client_id":"${id}","x":1,"x":2}`, FORM],
  ['client_id by another spelling', JSON_TYPE, (id) => `{"clientId":"${id}"}`, FORM],
  ['client_id in capitals', JSON_TYPE, (id) => `{"client_id":"${id.toUpperCase()}"}`, { refusal: 'CLIENT' }],
  ['client_id with a space behind', JSON_TYPE, (id) => `{"client_id":"${id} "}`, { refusal: 'CLIENT' }],
  ['scope a number', JSON_TYPE, (id) => `{"client_id":"${id}","scope":1}`, FORM],
  ['scope a list', JSON_TYPE, (id) => `{"client_id":"${id}","scope":["${REFRESH}"]}`, FORM],
  ['scope true', JSON_TYPE, (id) => `{"client_id":"${id}","scope":true}`, FORM],
  ['a list', JSON_TYPE, (id) => `[{"client_id":"${id}"}]`, FORM],
  ['a text', JSON_TYPE, (id) => `"${id}"`, FORM],
  ['null', JSON_TYPE, () => 'null', FORM],
  ['something behind', JSON_TYPE, (id) => `{"client_id":"${id}"}x`, FORM],
  ['a comma too many', JSON_TYPE, (id) => `{"client_id":"${id}",}`, FORM],
  ['a byte order mark', JSON_TYPE, (id) => `\ufeff{"client_id":"${id}"}`, FORM],
  ['bytes that are not UTF-8', JSON_TYPE, (id) => Buffer.from(`{"client_id":"${id}","x":"\xff"}`, 'latin1'), FORM],
  ['a lone surrogate', JSON_TYPE, (id) => `{"client_id":"${id}","scope":"\\ud800"}`, FORM],
  ['a depth of 10 000', JSON_TYPE, (id) => `{"client_id":"${id}","x":${'['.repeat(5_000)}${']'.repeat(5_000)}}`, FORM],
];

describe('section 8.2: the body of a renewal over REST', () => {
  const bench = withBench(MANY_FAILURES);

  for (const [name, type, body, wanted] of ROWS) {
    it(name, async () => {
      const own = await holder(bench(), 'rest');
      const answer = await renewIts(bench(), 'rest', own, { type, body: body(own.device.id) });
      if (typeof wanted === 'string') assertGranted(answer, wanted);
      else assertRefused(answer, wanted.refusal);
    });
  }

  it('is E400 with two types', async () => {
    const own = await holder(bench(), 'rest');
    assertRefused(await renewIts(bench(), 'rest', own, { headers: [['Content-Type', JSON_TYPE]] }), 'FORM');
  });

  it('may come in chunks, with a query string and any Accept', async () => {
    const { device, token } = await holder(bench(), 'rest');
    const headers = [['Authorization', token], ['Content-Type', JSON_TYPE], ['Accept', 'text/html']] as const;
    const body = JSON.stringify({ client_id: device.id });
    assertGranted(await bench().rest.send({ target: `${RENEW}?client_id=x&%zz`, headers, body, chunk: 3 }), ALL);
  });

  it('is not looked at by other methods and paths, which are E404', async () => {
    const { device, token } = await holder(bench(), 'rest');
    const headers = [['Authorization', token], ['Content-Type', JSON_TYPE]] as const;
    const body = JSON.stringify({ client_id: device.id });
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) assertAnswer(await bench().rest.send({ method, target: RENEW, headers, body }), 'E404');
    assert.equal((await bench().rest.send({ method: 'HEAD', target: RENEW, headers })).status, 404);
    for (const target of [`${RENEW}/`, '/as/renew', '/as/renew/Token', '/as/RENEW/token', '/as//renew/token', '/as/renew/token/x']) {
      assertAnswer(await bench().rest.send({ target, headers, body }), 'E404');
    }
  });
});

describe('section 8.2: answers of a renewal', () => {
  const bench = withBench({ KEYTURN_IOTHENTIX_FORBIDDEN_STATUS: 'Forbidden', KEYTURN_IOTHENTIX_ACCESS_TOKEN_SECONDS: '7200', KEYTURN_IOTHENTIX_MAX_RENEWALS: '1' });

  for (const wire of WIRES) {
    it(`${wire}: have the caller's request id, or a new one`, async () => {
      const own = await holder(bench(), wire);
      for (const requestId of ['renewal-1', 'A._~:+/=-9', 'x'.repeat(128)]) {
        assertRefused(await renewIts(bench(), wire, { ...own, token: 'garbage' }, { requestId }), 'TOKEN', requestId);
      }
      assertRefused(await renewIts(bench(), wire, { ...own, token: 'garbage' }, { requestId: 'a b' }), 'TOKEN');
      const answer = await renewIts(bench(), wire, own, { requestId: 'renewal-2' });
      assert.deepEqual(answer.headers.get('x-request-id'), ['renewal-2']);
      const { rows } = await bench().sql.query(`select request_id from audit_event where device_id = $1 and action = 'device_token.renewed'`, [own.device.id]);
      assert.deepEqual(rows, [{ request_id: 'renewal-2' }]);
    });

    it(`${wire}: without client_id are E400`, async () => {
      const { token } = await holder(bench(), wire);
      assertRefused(await renew(bench(), wire, { authorization: token }), 'FORM');
    });

    it(`${wire}: follow access_token_seconds and forbidden_status`, async () => {
      const own = await holder(bench(), wire);
      assertGranted(await renewIts(bench(), wire, own), ALL, 7200);
      const refused = await renewIts(bench(), wire, own);
      const [id = ''] = refused.headers.get('x-request-id') ?? [];
      const body = `{"error":{"code":403,"status":"Forbidden","request":"${id}","message":"Forbidden"}}`;
      assert.deepEqual([refused.status, refused.body], wire === 'rest' ? [403, body] : [7, 'Forbidden']);
    });
  }
});
