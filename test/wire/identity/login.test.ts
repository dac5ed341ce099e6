import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { encode, secondSpelling } from '../jwt.ts';
import { WIRES } from '../answer.ts';
import { withIdentities } from './bench.ts';
import type { RegisteredKey } from './bench.ts';
import { assertIdentityAnswer, assertIdentityRefusal } from './errors.ts';
import { messagesOf } from './jobs.ts';
import { CALLBACK, SENT, login, pushToken } from './login.ts';
import { newIdentityKey } from './signer.ts';
import type { IdentityKey } from './signer.ts';

const DEVTOKEN = 'device token of a phone';

type Make = (key: IdentityKey, now: number) => string;

/** Section 5, steps 2 and 3: what is 400. */
const MALFORMED: Readonly<Record<string, Make>> = {
  'no body': () => '',
  'an unsigned object': ({ pk }) => JSON.stringify({ sub: pk, iss: CALLBACK, aud: CALLBACK }),
  'two parts': (key) => pushToken(key).split('.').slice(0, 2).join('.'),
  'a header that is no JSON': (key) => pushToken(key).replace(/^[^.]+/, encode('alg')),
  'more than 16 KiB': (key) => pushToken(key, { unknown: 'x'.repeat(12_288) }),
  'no sub': (key) => pushToken(key, { sub: undefined }),
  'sub that is no key': (key) => pushToken(key, { sub: 'me' }),
  'sub not canonical': (key) => pushToken(key, { sub: secondSpelling(key.pk) }),
  'no iss': (key) => pushToken(key, { iss: undefined }),
  'iss no URI': (key) => pushToken(key, { iss: 'site' }),
  'iss a number': (key) => pushToken(key, { iss: 1 }),
  'no aud': (key) => pushToken(key, { aud: undefined }),
  'aud no URI': (key) => pushToken(key, { aud: 'site.example/login' }),
  'aud a list': (key) => pushToken(key, { aud: [CALLBACK] }),
  'exp a text': (key) => pushToken(key, { exp: '4102444800' }),
  'nbf a fraction': (key) => pushToken(key, { nbf: 0.5 }),
  'iat null': (key) => pushToken(key, { iat: null }),
};

/** Section 5, steps 4 to 8 and 10: what is 401 `auth-error`. */
const REFUSED: Readonly<Record<string, Make>> = {
  'alg none': (key) => pushToken(key, {}, { header: { alg: 'none' } }),
  'alg HS256': (key) => pushToken(key, {}, { header: { alg: 'HS256' } }),
  'crit': (key) => pushToken(key, {}, { header: { crit: ['exp'] } }),
  'kid another key': (key) => pushToken(key, {}, { header: { kid: newIdentityKey().pk } }),
  'the signature of another key': (key) => pushToken(key, {}, { signer: newIdentityKey().privateKey }),
  'sub another key': (key) => pushToken(key, { sub: newIdentityKey().pk }),
  'exp now': (key, now) => pushToken(key, { exp: now }),
  'nbf in the future': (key, now) => pushToken(key, { nbf: now + 5 }),
  'iat 310 s ahead': (key, now) => pushToken(key, { iat: now + 310 }),
  'scope': (key) => pushToken(key, { scope: 'email' }),
};

const CALLBACKS = {
  malformed: [
    '', 'site.example/login', '/login', '//site.example/login', 'ftp://site.example/', 'javascript:alert(1)', 'https:', 'https://', 'https:site.example', 'http:\\\\site.example',
    ' https://site.example/login', 'https://site.example/login ', 'https://site.example/lo gin', 'https://site.example/\u0000', 'https://site.example:99999/', `https://site.example/${'x'.repeat(2028)}`,
  ],
  other: [
    'https://site.example/', 'https://site.example/Login', 'https://site.example/login/', 'https://site.example/login?x=1', 'https://site.example/login#x', 'http://site.example/login',
    'https://site.example:8443/login', 'https://me@site.example/login', 'https://site.example.evil/login', 'https://evil.example/https://site.example/login',
  ],
  same: [CALLBACK, 'HTTPS://SITE.example/login', 'https://site.example:443/login', 'https://site.example/x/../login', 'https://site.example/./login'],
};

describe('identity binding: POST /login', () => {
  const bench = withIdentities({ KEYTURN_AUTHENTIQ_JOBS_PER_PEER_PER_MINUTE: '100000' });
  let shared: Promise<RegisteredKey> | undefined;
  /** Refusals charge nobody, so they may have one key. */
  const anyKey = (): Promise<RegisteredKey> => (shared ??= bench().register({ devtoken: DEVTOKEN }));

  for (const wire of WIRES) {
    it(`${wire}: queues the JWT for the device, once each time`, async () => {
      const key = await bench().register({ devtoken: DEVTOKEN });
      const jwt = pushToken(key);
      for (const count of [1, 2]) {
        assertIdentityAnswer(await login(bench(), wire, jwt), SENT);
        const messages = await messagesOf(bench().sql, key.pk);
        const wanted = { channel: 'PUSH', jobId: null, recipient: DEVTOKEN, body: JSON.stringify({ callback: CALLBACK, jwt }) };
        assert.equal(messages.length, count);
        for (const message of messages) assert.deepEqual(message, wanted);
      }
      const { audits } = await bench().stored(key);
      assert.deepEqual(audits.slice(1), ['identity.login_queued', 'identity.login_queued']);
      const { rows } = await bench().sql.query<{ seconds: number }>('select extract(epoch from deliver_until - created_at)::int as seconds from message where pk = $1', [key.pk]);
      assert.deepEqual(rows, [{ seconds: 300 }, { seconds: 300 }]);
    });

    it(`${wire}: claims that no PushToken has are ignored, whatever they are`, async () => {
      const key = await bench().register({ devtoken: DEVTOKEN });
      assertIdentityAnswer(await login(bench(), wire, pushToken(key, { email: 1, phone: 'none', devtoken: null, scopes: {}, jti: 1 })), SENT);
    });

    it(`${wire}: is of no use longer than the JWT counts`, async () => {
      const key = await bench().register({ devtoken: DEVTOKEN });
      const exp = bench().now() + 60;
      assertIdentityAnswer(await login(bench(), wire, pushToken(key, { exp })), SENT);
      const { rows } = await bench().sql.query<{ until: number }>('select extract(epoch from deliver_until)::float8 as until from message where pk = $1', [key.pk]);
      assert.deepEqual(rows, [{ until: exp }]);
    });

    for (const [name, make] of Object.entries(MALFORMED)) {
      it(`${wire}: ${name} is 400`, async () => assertIdentityRefusal(await login(bench(), wire, make(await anyKey(), bench().now())), 'bad-request'));
    }

    for (const [name, make] of Object.entries(REFUSED)) {
      it(`${wire}: ${name} is 401`, async () => assertIdentityRefusal(await login(bench(), wire, make(await anyKey(), bench().now())), 'auth-error'));
    }

    it(`${wire}: a callback that is no absolute http or https URI is 400, whatever the JWT says`, async () => {
      const key = await anyKey();
      for (const callback of CALLBACKS.malformed) assertIdentityRefusal(await login(bench(), wire, pushToken(key, {}, { header: { alg: 'none' } }), callback), 'bad-request');
    });

    it(`${wire}: a callback that is not the audience is 401 aud-error, unless it is another spelling of it`, async () => {
      const key = await bench().register({ devtoken: DEVTOKEN });
      for (const callback of CALLBACKS.other) assertIdentityRefusal(await login(bench(), wire, pushToken(key), callback), 'aud-error');
      assertIdentityRefusal(await login(bench(), wire, pushToken(key, { aud: 'urn:site:login' })), 'aud-error');
      assert.deepEqual(await messagesOf(bench().sql, key.pk), []);
      for (const callback of CALLBACKS.same) {
        assertIdentityAnswer(await login(bench(), wire, pushToken(key), callback), SENT);
        assertIdentityAnswer(await login(bench(), wire, pushToken(key, { aud: callback })), SENT);
      }
    });

    it(`${wire}: a key that is not registered, has no device token, or is revoked`, async () => {
      assertIdentityRefusal(await login(bench(), wire, pushToken(newIdentityKey())), 'unknown-key');
      assertIdentityRefusal(await login(bench(), wire, pushToken(await bench().register())), 'unknown-key');
      assertIdentityRefusal(await login(bench(), wire, pushToken(await bench().revoked())), 'revoked-key');
      const removed = await bench().register({ devtoken: DEVTOKEN });
      await bench().bind('rest', removed);
      assertIdentityRefusal(await login(bench(), wire, pushToken(removed)), 'unknown-key');
    });

    it(`${wire}: what is wrong first counts`, async () => {
      const revoked = await bench().revoked();
      assertIdentityRefusal(await login(bench(), wire, pushToken(revoked, { iss: 1 }, { header: { alg: 'none' } }), 'https://other.example/'), 'bad-request');
      assertIdentityRefusal(await login(bench(), wire, pushToken(revoked, {}, { header: { alg: 'none' } }), 'https://other.example/'), 'auth-error');
      assertIdentityRefusal(await login(bench(), wire, pushToken(revoked), 'https://other.example/'), 'aud-error');
      assertIdentityRefusal(await login(bench(), wire, pushToken(revoked)), 'revoked-key');
    });

    it(`${wire}: revoking the key takes its logins with it`, async () => {
      const key = await bench().register({ devtoken: DEVTOKEN });
      assertIdentityAnswer(await login(bench(), wire, pushToken(key)), SENT);
      await bench().send(wire, 'keyRevoke', key);
      assert.deepEqual(await messagesOf(bench().sql, key.pk), []);
    });
  }

  it('rest: takes application/jwt alone, and needs a callback once', async () => {
    const key = await anyKey();
    const send = (target: string, type: string | undefined) =>
      bench().rest.send({ target, headers: type === undefined ? [] : [['Content-Type', type]], body: pushToken(key) });
    const target = `/login?callback=${encodeURIComponent(CALLBACK)}`;
    for (const type of [undefined, 'application/json', 'text/plain', 'application/jose']) assertIdentityRefusal(await send(target, type), 'unsupported-media-type');
    assertIdentityAnswer(await send(target, 'Application/JWT; charset=utf-8'), SENT);
    assertIdentityAnswer(await send(`${target}&other=1`, 'application/jwt'), SENT);
    for (const wrong of ['/login', '/login?callback=', `${target}&callback=${encodeURIComponent(CALLBACK)}`, '/login?callback=%']) {
      assertIdentityRefusal(await send(wrong, 'application/jwt'), 'bad-request');
    }
    for (const method of ['GET', 'PUT', 'DELETE', 'HEAD']) {
      const answer = await bench().rest.send({ method, target });
      assert.deepEqual([answer.status, answer.headers.get('allow')], [405, ['POST']]);
    }
  });
});
