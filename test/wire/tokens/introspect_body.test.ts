import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES, assertAnswer } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { withBench } from '../rows.ts';
import { INTROSPECT, introspect } from './kit.ts';
import { MANY_FAILURES, assertRefused, holder } from './renewals.ts';

const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';

/** A body with a token that counts, and what becomes of it. */
type Row = readonly [name: string, type: string | null, body: (token: string) => string | Buffer, becomes: 'active' | 'inactive' | 'E400'];

const ROWS: readonly Row[] = [
  ['JSON with a charset', `${JSON_TYPE};charset=UTF-8`, (token) => JSON.stringify({ token }), 'active'],
  ['JSON with unknown members', JSON_TYPE, (token) => `{"token_type_hint":["x"],"token":"${token}","Token":7}`, 'active'],
  ['JSON of exactly 16 KiB', JSON_TYPE, (token) => JSON.stringify({ token }).padEnd(16_384), 'active'],
  ['JSON of 16 KiB and a byte', JSON_TYPE, (token) => JSON.stringify({ token }).padEnd(16_385), 'E400'],
  ['a form', FORM_TYPE, (token) => `token=${token}`, 'active'],
  ['a form with more fields', `${FORM_TYPE}; charset=utf-8`, (token) => `token_type_hint=access_token&token=${token}&x`, 'active'],
  ['a form with escapes', FORM_TYPE, (token) => `%74oken=${token.replace('.', '%2e')}`, 'active'],
  ['a form with a space behind', FORM_TYPE, (token) => `token=${token}+`, 'inactive'],
  ['a form of 4096 characters', FORM_TYPE, () => `token=${'x'.repeat(4096)}`, 'inactive'],
  ['a form of 4097 characters', FORM_TYPE, () => `token=${'x'.repeat(4097)}`, 'E400'],
  ['a form with a token twice', FORM_TYPE, (token) => `token=${token}&token=${token}`, 'E400'],
  ['a form with an empty token', FORM_TYPE, () => 'token=', 'E400'],
  ['a form without a value', FORM_TYPE, () => 'token', 'E400'],
  ['a form without a token', FORM_TYPE, () => 'access_token=x', 'E400'],
  ['a form with a malformed escape', FORM_TYPE, (token) => `token=${token}%`, 'E400'],
  ['a form with bytes that are not UTF-8', FORM_TYPE, () => 'token=%ff', 'E400'],
  ['an empty form', FORM_TYPE, () => '', 'E400'],
  ['no body', JSON_TYPE, () => '', 'E400'],
  ['no token', JSON_TYPE, () => '{}', 'E400'],
  ['token null', JSON_TYPE, () => '{"token":null}', 'E400'],
  ['token empty', JSON_TYPE, () => '{"token":""}', 'E400'],
  ['token a number', JSON_TYPE, () => '{"token":1}', 'E400'],
  ['token true', JSON_TYPE, () => '{"token":true}', 'E400'],
  ['token a list', JSON_TYPE, (token) => JSON.stringify({ token: [token] }), 'E400'],
  ['token an object', JSON_TYPE, (token) => JSON.stringify({ token: { token } }), 'E400'],
  ['token twice', JSON_TYPE, (token) => `{"token":"${token}","token":"${token}"}`, 'E400'],
  ['token of 4096 characters', JSON_TYPE, () => JSON.stringify({ token: 'x'.repeat(4096) }), 'inactive'],
  ['token of 4097 characters', JSON_TYPE, () => JSON.stringify({ token: 'x'.repeat(4097) }), 'E400'],
  ['token of 4000 characters in pairs', JSON_TYPE, () => JSON.stringify({ token: '\u{1f511}'.repeat(4000) }), 'inactive'],
  ['token of one character', JSON_TYPE, () => '{"token":"x"}', 'inactive'],
  ['token of U+0000', JSON_TYPE, () => '{"token":"\\u0000"}', 'inactive'],
  ['token a lone surrogate', JSON_TYPE, () => '{"token":"\\udc00"}', 'E400'],
  ['bytes that are not UTF-8', JSON_TYPE, () => Buffer.from('{"token":"\xff"}', 'latin1'), 'E400'],
  ['a text', JSON_TYPE, (token) => `"${token}"`, 'E400'],
  ['the token alone', JSON_TYPE, (token) => token, 'E400'],
  ['a list', JSON_TYPE, (token) => JSON.stringify([{ token }]), 'E400'],
  ['null', JSON_TYPE, () => 'null', 'E400'],
  ['something behind', JSON_TYPE, (token) => `${JSON.stringify({ token })},`, 'E400'],
  ['no type', null, (token) => JSON.stringify({ token }), 'E400'],
  ['another type', 'text/plain', (token) => JSON.stringify({ token }), 'E400'],
  ['a form by parts', 'multipart/form-data; boundary=x', (token) => `--x\r\nContent-Disposition: form-data; name="token"\r\n\r\n${token}\r\n--x--\r\n`, 'E400'],
];

describe('section 8.3: the body of an introspection over REST', () => {
  const bench = withBench(MANY_FAILURES);
  const send = (type: string | null, body: string | Buffer): Promise<Answer> =>
    bench().rest.send({ target: INTROSPECT, headers: type === null ? [] : [['Content-Type', type]], body });

  for (const [name, type, body, becomes] of ROWS) {
    it(`${becomes}: ${name}`, async () => {
      const { token } = await holder(bench(), 'rest');
      const answer = await send(type, body(token));
      if (becomes === 'E400') assertRefused(answer, 'FORM');
      else assert.equal(answer.body.startsWith(becomes === 'active' ? '{"active":true,' : '{"active":false}'), true, answer.body);
    });
  }

  it('E400: with two types', async () => {
    const headers = [['Content-Type', JSON_TYPE], ['Content-Type', JSON_TYPE]] as const;
    assertRefused(await bench().rest.send({ target: INTROSPECT, headers, body: '{"token":"x"}' }), 'FORM');
  });

  it('is not looked at by other methods and paths, which are E404', async () => {
    const headers = [['Content-Type', JSON_TYPE]] as const;
    const body = '{"token":"x"}';
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) assertAnswer(await bench().rest.send({ method, target: INTROSPECT, headers, body }), 'E404');
    assert.equal((await bench().rest.send({ method: 'HEAD', target: INTROSPECT })).status, 404);
    for (const target of [`${INTROSPECT}/`, '/idp/Introspect', '/idp', '/idp/introspect/x', '/idp//introspect']) {
      assertAnswer(await bench().rest.send({ target, headers, body }), 'E404');
    }
    assert.equal((await bench().rest.send({ target: `${INTROSPECT}?token=y&%zz`, headers, body })).body, '{"active":false}');
  });
});

describe('section 8.3: tokens of any length', () => {
  const bench = withBench(MANY_FAILURES);

  for (const wire of WIRES) {
    it(`${wire}: 1 to 4096 characters are looked for, any others are E400`, async () => {
      for (const text of ['x', 'x'.repeat(4096), 'ä'.repeat(4096)]) assert.equal((await introspect(bench(), wire, text)).body, '{"active":false}');
      for (const text of [undefined, '', 'x'.repeat(4097), 'ä'.repeat(4097)]) assertRefused(await introspect(bench(), wire, text), 'FORM');
    });
  }
});
