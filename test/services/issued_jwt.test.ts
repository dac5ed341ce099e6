import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { asyncProperty, assert as holds, integer, nat, record, string, stringMatching, uint8Array } from 'fast-check';
import { describe, it } from 'mocha';
import { readIdentityJwt } from '../../src/crypto/identity_jwt.ts';
import { normalise } from '../../src/services/addresses/address.ts';
import { signIssued, verifyIssued } from '../../src/services/issuers/issued_jwt.ts';
import type { IssuedClaims, VerifiedClaims } from '../../src/services/issuers/issued_jwt.ts';
import { VECTOR_KEY, VECTOR_PK, newIdentityKey } from '../wire/identity/signer.ts';
import type { IdentityKey } from '../wire/identity/signer.ts';

const NOW = new Date('2026-01-02T03:04:05.678Z');
const SECONDS = Math.floor(NOW.getTime() / 1000);
const CLAIMS: IssuedClaims = { iss: 'https://keyturn.example', sub: VECTOR_PK, address: { kind: 'email', value: 'user@example.com' }, iat: SECONDS, exp: SECONDS + 31_536_000 };
const SIGNER = newIdentityKey();

/** Section 6.5 to the byte: the members in their order, signed by the key of section 11; Ed25519 signs alike each time. */
const VECTORS = [
  [
    CLAIMS,
    `{"iss":"https://keyturn.example","sub":"${VECTOR_PK}","scope":"email","email":"user@example.com","iat":1767323045,"exp":1798859045}`,
  ],
  [
    { ...CLAIMS, address: { kind: 'phone', value: '+31201234567' }, exp: SECONDS + 60 },
    `{"iss":"https://keyturn.example","sub":"${VECTOR_PK}","scope":"phone","phone":"+31201234567","iat":1767323045,"exp":1767323105}`,
  ],
] as const;

const keyOf = ({ pk, privateKey }: IdentityKey): { publicKey: string; privateKey: IdentityKey['privateKey'] } => ({ publicKey: pk, privateKey });

/** A JWT by SIGNER with members changed; undefined leaves one out. */
function made(payload: object = {}, header: object = {}, signer = SIGNER): string {
  const usual = { iss: CLAIMS.iss, sub: CLAIMS.sub, scope: 'email', email: 'user@example.com', iat: SECONDS, exp: SECONDS + 60 };
  const parts = [{ typ: 'JWT', alg: 'Ed25519', kid: SIGNER.pk, ...header }, { ...usual, ...payload }];
  const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${input}.${sign(null, Buffer.from(input), signer.privateKey).toString('base64url')}`;
}

async function accepted(text: string, keys: readonly string[] = [SIGNER.pk], now = NOW): Promise<VerifiedClaims | undefined> {
  const jwt = readIdentityJwt(text);
  return jwt && verifyIssued(jwt, keys, now);
}

describe('JWTs that an issuer signs', () => {
  for (const [claims, payload] of VECTORS) {
    it(`are to the byte as contracts/authentiq.md 6.5 has them, for ${claims.address.kind}`, async () => {
      const jwt = signIssued(keyOf(VECTOR_KEY), claims);
      const [head = '', body = '', signature = ''] = jwt.split('.');
      assert.equal(Buffer.from(head, 'base64url').toString(), `{"typ":"JWT","alg":"Ed25519","kid":"${VECTOR_PK}"}`);
      assert.equal(Buffer.from(body, 'base64url').toString(), payload);
      const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: VECTOR_PK }, format: 'jwk' });
      assert.ok(verify(null, Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature, 'base64url')));
      assert.equal(jwt, signIssued(keyOf(VECTOR_KEY), claims));
      assert.deepEqual({ ...(await accepted(jwt, [VECTOR_PK])), nbf: undefined }, { ...claims, nbf: undefined, signedBy: VECTOR_PK });
    });
  }

  it('verify under one of the keys of their issuer, whatever they say, and not once a bit is changed', async () => {
    const seeds = uint8Array({ minLength: 32, maxLength: 32 });
    const claims = record({ iss: string({ minLength: 1, maxLength: 200 }), sub: string({ maxLength: 43 }), life: integer({ min: 1, max: 400_000_000 }), local: stringMatching(/^[a-z0-9.+]{1,20}$/) });
    await holds(
      asyncProperty(seeds, claims, nat(), async (seed, { iss, sub, life, local }, place) => {
        const key = newIdentityKey(Buffer.from(seed));
        const given: IssuedClaims = { iss, sub, address: { kind: 'email', value: `${local}@example.com` }, iat: SECONDS, exp: SECONDS + life };
        const jwt = signIssued(keyOf(key), given);
        assert.deepEqual({ ...(await accepted(jwt, [SIGNER.pk, key.pk])), nbf: undefined }, { ...given, nbf: undefined, signedBy: key.pk });
        assert.equal(await accepted(jwt, [SIGNER.pk]), undefined);
        const at = place % jwt.length;
        const changed = jwt.slice(0, at) + (jwt[at] === 'A' ? 'B' : 'A') + jwt.slice(at + 1);
        assert.equal(await accepted(changed, [key.pk]), undefined);
      }),
      { numRuns: 150 },
    );
  });

  const PASS: readonly (readonly [what: string, jwt: string])[] = [
    ['the usual one', made()],
    ['alg EdDSA', made({}, { alg: 'EdDSA' })],
    ['without kid', made({}, { kid: undefined })],
    ['without typ', made({}, { typ: undefined })],
    ['without iat', made({ iat: undefined })],
    ['iat 300 seconds ahead', made({ iat: SECONDS + 300 })],
    ['nbf now', made({ nbf: SECONDS })],
    ['a phone', made({ scope: 'phone', email: undefined, phone: '+31201234567' })],
    ['with white space around it', ` ${made()}\r\n`],
  ];
  for (const [what, jwt] of PASS) it(`pass: ${what}`, async () => assert.equal((await accepted(jwt))?.sub, CLAIMS.sub));

  const other = newIdentityKey();
  const FAIL: readonly (readonly [what: string, jwt: string, keys?: readonly string[]])[] = [
    ['an issuer without keys', made(), []],
    ['another key', made({}, { kid: other.pk }, other)],
    ['another key under the kid of the issuer', made({}, {}, other)],
    ['kid of another key', made({}, { kid: other.pk })],
    ['kid of another key of the issuer', made({}, { kid: other.pk }), [SIGNER.pk, other.pk]],
    ['kid that is no text', made({}, { kid: 1 })],
    ['kid null', made({}, { kid: null })],
    ...['none', 'HS256', 'RS256', 'ES256', 'ed25519', 'Ed448', '', null, undefined].map((alg) => [`alg ${String(alg)}`, made({}, { alg })] as const),
    ['crit', made({}, { crit: ['exp'] })],
    ['no signature', made().replace(/\.[^.]*$/, '.')],
    ['exp now', made({ exp: SECONDS })],
    ['exp in the past', made({ exp: SECONDS - 1 })],
    ['no exp', made({ exp: undefined })],
    ['exp text', made({ exp: String(SECONDS + 60) })],
    ['exp with a fraction', made({ exp: SECONDS + 60.5 })],
    ['exp null', made({ exp: null })],
    ['nbf ahead', made({ nbf: SECONDS + 1 })],
    ['nbf text', made({ nbf: '0' })],
    ['iat 301 seconds ahead', made({ iat: SECONDS + 302 })],
    ['iat text', made({ iat: '0' })],
    ['no iss', made({ iss: undefined })],
    ['iss a list', made({ iss: [CLAIMS.iss] })],
    ['no sub', made({ sub: undefined })],
    ['sub a number', made({ sub: 1 })],
    ['no scope', made({ scope: undefined })],
    ['another scope', made({ scope: 'email phone' })],
    ['a scope that JSON objects have of themselves', made({ scope: 'toString' })],
    ['a scope without its claim', made({ scope: 'phone' })],
    ['an address that is none', made({ email: 'nobody' })],
    ['an address that is a list', made({ email: ['user@example.com'] })],
  ];
  for (const [what, jwt, keys] of FAIL) it(`fail: ${what}`, async () => assert.equal(await accepted(jwt, keys), undefined));

  it('tell the address as normalised, which may not be as they spell it', async () => {
    const claims = await accepted(made({ email: ' User@Example.COM ' }));
    assert.deepEqual(claims?.address, normalise('email', 'user@example.com') && { kind: 'email', value: 'user@example.com' });
  });

  it('are made with the private half that is stored', () => {
    const der = SIGNER.privateKey.export({ type: 'pkcs8', format: 'der' });
    const key = createPrivateKey({ key: der, type: 'pkcs8', format: 'der' });
    assert.equal(signIssued({ publicKey: SIGNER.pk, privateKey: key }, CLAIMS), signIssued(keyOf(SIGNER), CLAIMS));
  });
});
