import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { withIdentities } from './bench.ts';
import { assertIdentityRefusal } from './errors.ts';
import type { IdentityError } from './errors.ts';
import { newIdentityKey, selfSigned } from './signer.ts';

const KEY = newIdentityKey();
const { pk } = KEY;
const JOB = 'AAAAAAAAAAAAAAAAAAAA';
const JWT = selfSigned(KEY);

/** Calls that take a JWT; every one is refused later for what it says, once it is read. */
const JWT_CALLS: readonly (readonly [method: string, target: string])[] = [
  ['POST', '/key'], ['POST', `/key/${pk}`], ['PUT', `/key/${pk}`], ['POST', '/scope'], ['POST', '/login?callback=https://a.example/'], ['PUT', `/scope/${JOB}`],
];

interface TypeRow {
  readonly name: string;
  readonly types: readonly string[];
  readonly body?: string;
  readonly want: IdentityError;
}

/** `not a JWT` is 400 where the type is taken. */
const TYPES: readonly TypeRow[] = [
  ...['application/jwt', 'Application/JWT', 'APPLICATION/JWT', 'application/jwt; charset=utf-8', 'application/jwt;charset=UTF-8;x="y;z"', ' application/jwt ', 'application/jwt;'].map(
    (type): TypeRow => ({ name: type, types: [type], want: 'bad-request' }),
  ),
  ...['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'application/jose', 'application/jwt+json', 'application/jwtx', 'jwt', 'application/', '*/*', '', 'application/jwt, application/json',
    'application/jwt charset=utf-8', 'application/jwt; charset=latin1', 'multipart/form-data; boundary=x'].map((type): TypeRow => ({ name: JSON.stringify(type), types: [type], want: 'unsupported-media-type' })),
  { name: 'none', types: [], want: 'unsupported-media-type' },
  { name: 'one twice', types: ['application/jwt', 'application/jwt'], want: 'unsupported-media-type' },
  { name: 'two', types: ['application/jwt', 'application/json'], want: 'unsupported-media-type' },
];

const headersOf = (types: readonly string[]) => types.map((type) => ['Content-Type', type] as const);

describe('contracts/authentiq.md section 5: step 1, the media type, and step 2, a body', () => {
  const bench = withIdentities();

  for (const { name, types, want } of TYPES) {
    it(`${want}: Content-Type ${name}`, async () => {
      for (const [method, target] of JWT_CALLS) {
        for (const accept of [[], [['Accept', 'text/html']] as const]) {
          const answer = await bench().rest.send({ method, target, headers: [...headersOf(types), ...accept], body: 'not a JWT' });
          assertIdentityRefusal(answer, want);
        }
      }
    });
  }

  for (const type of ['application/json', 'text/plain', undefined]) {
    it(`415 before all that is wrong with the body: an empty one of type ${type}`, async () => {
      for (const [method, target] of JWT_CALLS.slice(0, -1)) {
        const answer = await bench().rest.send({ method, target, headers: headersOf(type === undefined ? [] : [type]), body: '' });
        assertIdentityRefusal(answer, 'unsupported-media-type');
      }
    });
  }

  it('400: an empty body, JSON, and what is no JWT under the label of one', async () => {
    for (const body of ['', ' ', '{}', JSON.stringify({ sub: pk }), '[]', 'a.b', 'a.b.c', `${JWT}.x`, JWT.replace('.', ','), `"${JWT}"`, '\u0000', '\u00e9', `Bearer ${JWT}`]) {
      for (const [method, target] of JWT_CALLS.slice(0, body === '' ? -1 : undefined)) {
        const answer = await bench().rest.send({ method, target, headers: headersOf(['application/jwt']), body });
        assertIdentityRefusal(answer, 'bad-request');
      }
    }
    for (const bytes of [Buffer.from([0xff, 0xfe]), Buffer.from([0xef, 0xbb, 0xbf]), Buffer.alloc(100)]) {
      for (const [method, target] of JWT_CALLS) assertIdentityRefusal(await bench().rest.send({ method, target, headers: headersOf(['application/jwt']), body: bytes }), 'bad-request');
    }
  });

  it('400: more than 16 KiB, told or in chunks, and of any type', async () => {
    const body = selfSigned(KEY, { devtoken: 'x'.repeat(12_500) });
    assert.ok(body.length > 16_384);
    for (const [method, target] of [...JWT_CALLS, ['POST', `/scope/${JOB}`] as const]) {
      for (const type of ['application/jwt', 'text/plain']) {
        for (const chunk of [undefined, 1_000]) {
          const answer = await bench().rest.send({ method, target, headers: headersOf([type]), body, ...(chunk === undefined ? {} : { chunk }) });
          assertIdentityRefusal(answer, 'bad-request');
        }
      }
    }
  });

  it('415: a coded body', async () => {
    for (const [method, target] of JWT_CALLS) {
      for (const coding of ['gzip', 'br', 'x']) {
        const answer = await bench().rest.send({ method, target, headers: [['Content-Type', 'application/jwt'], ['Content-Encoding', coding]], body: JWT });
        assertIdentityRefusal(answer, 'unsupported-media-type');
      }
    }
  });

  it('a body of exactly 16 KiB is read', async () => {
    const body = `${JWT}${' '.repeat(16_384 - JWT.length)}`;
    assertIdentityRefusal(await bench().rest.send({ method: 'PUT', target: `/key/${pk}`, headers: headersOf(['application/jwt']), body }), 'unknown-key');
  });

  it('white space around the JWT is ignored', async () => {
    for (const body of [`\n${JWT}\r\n`, ` \t${JWT} `]) assertIdentityRefusal(await bench().rest.send({ method: 'PUT', target: `/key/${pk}`, headers: headersOf(['application/jwt']), body }), 'unknown-key');
  });
});
