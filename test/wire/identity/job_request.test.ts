import assert from 'node:assert/strict';
import { WIRES } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { newEmail, newPhone, withIdentities } from './bench.ts';
import type { IdentityBench } from './bench.ts';
import { assertIdentityRefusal } from './errors.ts';
import type { IdentityError } from './errors.ts';
import { WIDE, messagesOf, requestJob, storedJobsOf } from './jobs.ts';
import { newIdentityKey, selfSigned } from './signer.ts';
import type { IdentityKey, JwtForm } from './signer.ts';

/** A compact JWT of a key, from the claims that are usual. */
type Make = (key: IdentityKey, bench: IdentityBench) => string;

const usual = (): object => ({ scope: 'email', email: newEmail() });
const claims = (change: object | ((bench: IdentityBench) => object), form: JwtForm = {}): Make => (key, bench) =>
  selfSigned(key, { ...usual(), ...(typeof change === 'function' ? change(bench) : change) }, form);
const header = (change: Readonly<Record<string, unknown>>): Make => claims({}, { header: change });
const text = (change: (jwt: string) => string): Make => (key) => change(selfSigned(key, usual()));
const now = (shift: number) => (bench: IdentityBench): number => bench.now() + shift;

const TAKEN: Readonly<Record<string, Make>> = {
  'the usual': claims({}),
  'alg EdDSA': header({ alg: 'EdDSA' }),
  'no kid': header({ kid: undefined }),
  'a number with what people write in it': (key) => selfSigned(key, { scope: 'phone', phone: newPhone().replace(/^(\+31)(20)(...)/, '$1 ($2) $3-.') }),
  'both addresses, of which one is asked for': claims({ phone: newPhone() }),
  'a type': claims({ type: 'x' }),
  'unknown claims': claims({ more: { of: ['it'] }, jti: 1 }),
  'an issuer that nobody trusts': claims({ iss: 'https://nobody.example' }),
  'an issuer that is no text of sense': claims({ iss: '' }),
  'white space around it': text((jwt) => ` \r\n${jwt}\t`),
  'exp in the future': claims((bench) => ({ exp: now(60)(bench) })),
  'nbf in the past': claims((bench) => ({ nbf: now(-60)(bench) })),
  'iat a little ahead': claims((bench) => ({ iat: now(200)(bench) })),
};

const REFUSED: Readonly<Record<string, readonly [IdentityError, Make]>> = {
  'two parts': ['bad-request', text((jwt) => jwt.split('.').slice(0, 2).join('.'))],
  'four parts': ['bad-request', text((jwt) => `${jwt}.x`)],
  'JSON in place of a JWT': ['bad-request', (key) => JSON.stringify({ sub: key.pk, ...usual() })],
  'padding': ['bad-request', text((jwt) => `${jwt}=`)],
  'a payload that is a list': ['bad-request', claims({}, { payloadText: '[]' })],
  'a payload with a member twice': ['bad-request', (key) => selfSigned(key, {}, { payloadText: `{"sub":"${key.pk}","sub":"${key.pk}","scope":"email","email":"a@b"}` })],
  'no sub': ['bad-request', claims({ sub: undefined })],
  'a sub that is a number': ['bad-request', claims({ sub: 1 })],
  'a sub that is no key': ['bad-request', claims({ sub: 'x' })],
  'a sub that is not canonical': ['bad-request', (key) => selfSigned(key, { ...usual(), sub: `${key.pk.slice(0, 42)}_` })],
  'no scope': ['bad-request', claims({ scope: undefined })],
  'scope null': ['bad-request', claims({ scope: null })],
  'scope address': ['bad-request', claims({ scope: 'address', address: 'x' })],
  'scope email phone': ['bad-request', claims({ scope: 'email phone', phone: '+31201234567' })],
  'scope email without email': ['bad-request', claims({ email: undefined, phone: '+31201234567' })],
  'an email without @': ['bad-request', claims({ email: 'user' })],
  'an email with two @': ['bad-request', claims({ email: 'a@b@c' })],
  'an email of 255 characters': ['bad-request', claims({ email: `a@${'b'.repeat(253)}` })],
  'a number that is no E.164': ['bad-request', claims({ scope: 'phone', phone: '0201234567' })],
  'a phone in bad form beside a good email': ['bad-request', claims({ phone: 'x' })],
  'a type that is no text': ['bad-request', claims({ type: 1 })],
  'exp that is text': ['bad-request', claims({ exp: '1' })],
  'iat with a fraction': ['bad-request', claims({ iat: 1.5 })],
  'alg none': ['auth-error', header({ alg: 'none' })],
  'alg HS256': ['auth-error', header({ alg: 'HS256' })],
  'alg ES256': ['auth-error', header({ alg: 'ES256' })],
  'no alg': ['auth-error', header({ alg: undefined })],
  'alg ed25519': ['auth-error', header({ alg: 'ed25519' })],
  'crit': ['auth-error', header({ crit: ['exp'] })],
  'b64 false': ['auth-error', header({ b64: false })],
  'kid of another key': ['auth-error', header({ kid: newIdentityKey().pk })],
  'kid empty': ['auth-error', header({ kid: '' })],
  'kid null': ['auth-error', header({ kid: null })],
  'an empty signature': ['auth-error', text((jwt) => jwt.slice(0, jwt.lastIndexOf('.') + 1))],
  'signed by another key': ['auth-error', (key) => selfSigned(key, usual(), { signer: newIdentityKey().privateKey })],
  'sub of another key': ['auth-error', claims(() => ({ sub: newIdentityKey().pk }))],
  'exp now': ['auth-error', claims((bench) => ({ exp: now(0)(bench) }))],
  'nbf ahead': ['auth-error', claims((bench) => ({ nbf: now(60)(bench) }))],
  'iat 301 s and more ahead': ['auth-error', claims((bench) => ({ iat: now(310)(bench) }))],
  'aud': ['auth-error', claims({ aud: 'https://example.com' })],
  'aud null': ['auth-error', claims({ aud: null })],
};

describe('section 5 for Claims', () => {
  const bench = withIdentities(WIDE);
  const count = async (key: IdentityKey) => {
    const { jobs, messages, actions } = await storedJobsOf(bench().sql, key);
    return [jobs, messages, actions.length];
  };

  for (const wire of WIRES) {
    for (const [name, make] of Object.entries(TAKEN)) {
      it(`${wire}: ${name}: a job`, async () => {
        const key = await bench().register();
        assertOpened(await requestJob(bench(), wire, make(key, bench())));
        assert.deepEqual(await count(key), [1, 1, 1]);
      });
    }
    for (const [name, [word, make]] of Object.entries(REFUSED)) {
      it(`${wire}: ${name}: ${word}`, async () => {
        const key = await bench().register();
        assertIdentityRefusal(await requestJob(bench(), wire, make(key, bench())), word);
        assert.deepEqual(await count(key), [0, 0, 0]);
      });
    }

    it(`${wire}: 404 for a key that is not registered, 410 for one that is revoked, and 401 before both`, async () => {
      const stranger = newIdentityKey();
      assertIdentityRefusal(await requestJob(bench(), wire, selfSigned(stranger, usual())), 'unknown-key');
      assertIdentityRefusal(await requestJob(bench(), wire, selfSigned(stranger, { ...usual(), exp: 1 })), 'auth-error');
      const revoked = await bench().revoked();
      assertIdentityRefusal(await requestJob(bench(), wire, selfSigned(revoked, usual())), 'revoked-key');
      assertIdentityRefusal(await requestJob(bench(), wire, selfSigned(revoked, { ...usual(), exp: 1 })), 'auth-error');
    });

    it(`${wire}: 404 for a point of small order, which can be nobody's key`, async () => {
      const pk = Buffer.from(`01${'00'.repeat(31)}`, 'hex').toString('base64url');
      assertIdentityRefusal(await requestJob(bench(), wire, selfSigned({ pk, privateKey: newIdentityKey().privateKey }, usual())), 'unknown-key');
    });

    it(`${wire}: the replay guard counts what the key has sent last, and a refused one leaves it`, async () => {
      const key = await bench().register();
      const at = bench().now();
      assertOpened(await requestJob(bench(), wire, selfSigned(key, { ...usual(), iat: at })));
      assertIdentityRefusal(await requestJob(bench(), wire, selfSigned(key, { ...usual(), iat: at - 1 })), 'auth-error');
      assertIdentityRefusal(await requestJob(bench(), wire, selfSigned(key, usual())), 'auth-error');
      assertIdentityRefusal(await requestJob(bench(), wire, selfSigned(key, { ...usual(), iat: at + 5, aud: 'x' })), 'auth-error');
      assert.equal((await bench().stored(key)).lastIat, at);
      assertOpened(await requestJob(bench(), wire, selfSigned(key, { ...usual(), iat: at })));
      assertIdentityRefusal(await bench().bind(wire, key, { devtoken: 'x', iat: at - 1 }), 'auth-error');
    });

    it(`${wire}: test is refused while there is no test issuer`, async () => {
      const key = await bench().register();
      for (const test of [0, 1]) assertIdentityRefusal(await requestJob(bench(), wire, selfSigned(key, usual()), { test }), 'bad-request');
      assert.deepEqual(await count(key), [0, 0, 0]);
    });
  }

  it('the media type comes first, then the body, then the query; over REST', async () => {
    const key = await bench().register();
    const jwt = selfSigned(key, usual());
    const send = (type: string | undefined, body: string, target = '/scope'): Promise<Answer> =>
      bench().rest.send({ method: 'POST', target, headers: type === undefined ? [] : [['Content-Type', type]], body });
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded', undefined]) assertIdentityRefusal(await send(type, jwt), 'unsupported-media-type');
    assertIdentityRefusal(await send('application/jwt', ''), 'bad-request');
    assertIdentityRefusal(await send('application/jwt', 'x'.repeat(16_385)), 'bad-request');
    for (const query of ['test=x', 'test=1.5', 'test=', 'test=1&test=1', 'test=99999999999']) assertIdentityRefusal(await send('application/jwt', jwt, `/scope?${query}`), 'bad-request');
    assertOpened(await send('application/jwt; charset=utf-8', jwt));
  });

  it('a message says its code, and the answer does not', async () => {
    const key = await bench().register();
    const answer = await requestJob(bench(), 'rest', selfSigned(key, usual()));
    const [message] = await messagesOf(bench().sql, key.pk);
    assert.match(message?.body ?? '', /^Your code is [0-9]{6}\. It counts for 10 minutes/);
    assert.doesNotMatch(answer.body, /[0-9]{6}/);
  });
});

function assertOpened(answer: Answer): void {
  assert.equal(answer.status, answer.wire === 'rest' ? 201 : 0, `${answer.body} ${answer.reason}`);
  assert.match(answer.body, /^\{"job":"[A-Za-z0-9_-]{20}","status":"waiting"\}$/);
}
