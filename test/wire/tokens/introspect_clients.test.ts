import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { OPERATOR_TOKEN } from '../../support/service.ts';
import { WIRES, assertAnswer, withoutRequestId } from '../answer.ts';
import type { Answer, Wire } from '../answer.ts';
import { countStatements } from '../iotda/kit.ts';
import { REST, withBench } from '../rows.ts';
import { basicOf, clientsSetting } from './clients.ts';
import { INTROSPECT, introspect } from './kit.ts';
import { MANY_FAILURES, assertRefused, holder } from './renewals.ts';

type Header = readonly [string, string];

const PASSWORDS = { gateway: 'pass word ä', 'edge/1': 'a:b:c', 'visible-~!': ' ' };
const SETTINGS = { ...MANY_FAILURES, KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS: clientsSetting(PASSWORDS) };
const RIGHT = basicOf('gateway', PASSWORDS.gateway);

const authorization = (value: string): Header => ['authorization', value];
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Values of the scheme Basic that are refused, whatever the settings; HTTP/2 has none of some. */
const WRONG: readonly (readonly [name: string, headers: readonly Header[], wires?: readonly Wire[]])[] = [
  ['an unknown name', [authorization(basicOf('nobody', PASSWORDS.gateway))]],
  ['a wrong password', [authorization(basicOf('gateway', 'pass word a'))]],
  ['a password in another letter case', [authorization(basicOf('gateway', 'Pass word ä'))]],
  ['a password in another encoding', [authorization(`Basic ${Buffer.from('gateway:pass word ä', 'latin1').toString('base64')}`)]],
  ['a password cut short', [authorization(basicOf('gateway', 'pass word '))]],
  ['a password with a letter behind', [authorization(basicOf('gateway', `${PASSWORDS.gateway}x`))]],
  ['a password with U+0000 behind', [authorization(basicOf('gateway', `${PASSWORDS.gateway}\u0000`))]],
  ['the password of another', [authorization(basicOf('gateway', PASSWORDS['edge/1']))]],
  ['a name in another letter case', [authorization(basicOf('Gateway', PASSWORDS.gateway))]],
  ['a name of Object.prototype', [authorization(basicOf('constructor', 'x'))]],
  ['no password', [authorization(basicOf('gateway', ''))]],
  ['no name', [authorization(basicOf('', PASSWORDS.gateway))]],
  ['neither', [authorization(basicOf('', ''))]],
  ['no colon', [authorization(`Basic ${base64('gateway')}`)]],
  ['the scheme alone', [authorization('Basic')]],
  ['the scheme and a space', [authorization('Basic ')], REST],
  ['malformed base64', [authorization('Basic Z2F0ZXdheTpwYXNz%')]],
  ['base64 without its padding', [authorization(RIGHT.replace(/=+$/, ''))]],
  ['base64 with too much padding', [authorization(`${RIGHT}=`)]],
  ['base64 that is not canonical', [authorization(`Basic ${base64('edge/1:a:b:c').replace(/.(?==*$)/, (last) => String.fromCharCode(last.charCodeAt(0) + 1))}`)]],
  ['base64url', [authorization(`Basic ${Buffer.from('gateway:\u00ff\u00ff\u00ff').toString('base64url')}`)]],
  ['two spaces', [authorization(RIGHT.replace(' ', '  '))]],
  ['a tab', [authorization(RIGHT.replace(' ', '\t'))], REST],
  ['something behind', [authorization(`${RIGHT} x`)]],
  ['a comma behind', [authorization(`${RIGHT},`)]],
  ['a password of 8 KiB', [authorization(basicOf('gateway', 'x'.repeat(6000)))]],
  ['right twice', [authorization(RIGHT), authorization(RIGHT)], REST],
  ['right and wrong', [authorization(RIGHT), authorization(basicOf('gateway', 'x'))], REST],
  ['another scheme and right', [authorization('Bearer x'), authorization(RIGHT)], REST],
];

/** What is no name and password at all. */
const OTHERS: readonly (readonly [name: string, headers: readonly Header[]])[] = [
  ['nothing', []],
  ['nothing in it', [authorization('')]],
  ['Bearer', [authorization('Bearer x')]],
  ["the operator's token", [authorization(`Bearer ${OPERATOR_TOKEN}`)]],
  ['Digest', [authorization('Digest username="gateway"')]],
  ['a scheme that begins like it', [authorization(`Basics ${base64('gateway:x')}`)]],
  ['a scheme that goes on like it', [authorization(`Basic-2 ${base64('gateway:x')}`)]],
  ['base64 alone', [authorization(base64(`gateway:${PASSWORDS.gateway}`))]],
  ['the alias', [['authorisation', RIGHT]]],
  ['X-Auth-Token', [['x-auth-token', OPERATOR_TOKEN]]],
];

const GOOD: readonly (readonly [name: string, value: string])[] = [
  ...Object.entries(PASSWORDS).map(([name, password]) => [name, basicOf(name, password)] as const),
  ...['basic', 'BASIC', 'bAsIc'].map((scheme) => [scheme, basicOf('gateway', PASSWORDS.gateway, scheme)] as const),
];

function assertLetIn(answer: Answer): void {
  assert.deepEqual([answer.status, answer.body], [answer.wire === 'rest' ? 200 : 0, '{"active":false}']);
}

for (const required of ['false', 'true']) {
  describe(`section 8.3: who introspects, with introspect_requires_auth ${required}`, () => {
    const bench = withBench({ ...SETTINGS, KEYTURN_IOTHENTIX_INTROSPECT_REQUIRES_AUTH: required });

    const send = (headers: readonly Header[], body: string): Promise<Answer> => bench().rest.send({ target: INTROSPECT, headers, body });

    for (const wire of WIRES) {
      for (const [name, value] of GOOD) {
        it(`${wire}: is let in, again and again: ${name}`, async () => {
          for (let count = 0; count < 3; count += 1) assertLetIn(await introspect(bench(), wire, 'x', [authorization(value)]));
          const { token } = await holder(bench(), wire);
          assert.match((await introspect(bench(), wire, token, [authorization(value)])).body, /^\{"active":true,/);
        });
      }

      it(`${wire}: is E401 with anything wrong, always by the same bytes, before a token is looked for`, async () => {
        const { token } = await holder(bench(), wire);
        const answers = new Set<string>();
        const before = await countStatements(bench(), /^device_token_find$/);
        for (const [name, headers] of WRONG.filter(([, , wires = WIRES]) => wires.includes(wire))) {
          const answer = await introspect(bench(), wire, token, headers);
          assert.ok(answer.status !== 200 && answer.status !== 0, name);
          assertRefused(answer, 'TOKEN');
          answers.add(JSON.stringify(withoutRequestId(answer)));
        }
        assert.equal(answers.size, 1, [...answers].join('\n'));
        assert.equal(await countStatements(bench(), /^device_token_find$/), before);
      });

      it(`${wire}: is ${required === 'true' ? 'E401' : 'let in'} with something else`, async () => {
        for (const [, headers] of OTHERS) {
          const answer = await introspect(bench(), wire, 'x', headers);
          if (required === 'true') assertRefused(answer, 'TOKEN');
          else assertLetIn(answer);
        }
      });

      it(`${wire}: is settled before the body is looked at`, async () => {
        assertRefused(await introspect(bench(), wire, undefined, [authorization(basicOf('gateway', 'x'))]), 'TOKEN');
        assertRefused(await introspect(bench(), wire, undefined, [authorization(RIGHT)]), 'FORM');
        assertRefused(await introspect(bench(), wire, undefined), required === 'true' ? 'TOKEN' : 'FORM');
      });
    }

    it('is settled after the size of the body, and before its type', async () => {
      const wrong = authorization(basicOf('gateway', 'x'));
      assertRefused(await send([wrong, ['Content-Type', 'application/json']], 'x'.repeat(16_385)), 'LARGE');
      assertRefused(await send([wrong], ''), 'TOKEN');
      assertRefused(await send([wrong, ['Content-Type', 'text/plain']], '{'), 'TOKEN');
      assertRefused(await send([authorization(RIGHT), ['Content-Type', 'text/plain']], '{}'), 'FORM');
    });

    it('never comes to the log: neither the token nor the password, nor what they are sent in', async () => {
      const { token } = await holder(bench(), 'rest');
      const hush = basicOf('gateway', 'hush-hush-hush');
      await introspect(bench(), 'rest', token, [authorization(hush)]);
      await introspect(bench(), 'rest', token, [authorization(RIGHT)]);
      const log = JSON.stringify(bench().service.lines);
      for (const text of [token, 'hush-hush', hush.slice(6), RIGHT.slice(6), PASSWORDS.gateway]) assert.ok(!log.includes(text));
    });
  });
}

describe('section 8.3: a flood of wrong passwords', () => {
  const bench = withBench(SETTINGS);

  it('is E401 or, beyond what can wait, E500 with Retry-After, and keeps nobody out whose password is known', async () => {
    assertLetIn(await introspect(bench(), 'rest', 'x', [authorization(RIGHT)]));
    const flood = Array.from({ length: 80 }, (_, index) => introspect(bench(), WIRES[index % 2] ?? 'rest', 'x', [authorization(basicOf('gateway', `wrong ${index}`))]));
    const known = await Promise.all(WIRES.map((wire) => introspect(bench(), wire, 'x', [authorization(RIGHT)])));
    known.forEach(assertLetIn);
    const answers = await Promise.all(flood);
    const refused = answers.filter(({ status }) => status === 401 || status === 16);
    const turned = answers.filter((answer) => !refused.includes(answer));
    for (const answer of refused) assertRefused(answer, 'TOKEN');
    for (const answer of turned) {
      assertAnswer(answer, 'E500', { reason: 'DEVICE_SERVICE_FAILED' });
      assert.deepEqual(answer.headers.get('retry-after'), ['5']);
    }
    assert.ok(refused.length >= 34, String(refused.length));
  });
});
