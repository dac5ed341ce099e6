import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { describe, it } from 'mocha';
import { WIRES } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { encode } from '../jwt.ts';
import { CONFIRMED, secretIn, withIdentities } from './bench.ts';
import type { KeyMethod } from './bench.ts';
import { assertIdentityAnswer, assertIdentityRefusal } from './errors.ts';
import { newIdentityKey, selfSigned } from './signer.ts';
import type { IdentityKey } from './signer.ts';

const METHODS: readonly KeyMethod[] = ['keyRegister', 'keyBind', 'keyUpdate'];

type Make = (key: IdentityKey, now: number) => string;

const resigned = (jwt: string, change: (signature: Buffer, input: string) => Buffer): string => {
  const end = jwt.lastIndexOf('.');
  return `${jwt.slice(0, end)}.${change(Buffer.from(jwt.slice(end + 1), 'base64url'), jwt.slice(0, end)).toString('base64url')}`;
};
const header = (members: Readonly<Record<string, unknown>>): Make => (key) => selfSigned(key, {}, { header: members });
const claims = (make: (now: number) => object): Make => (key, now) => selfSigned(key, make(now));

/** Section 5, steps 4 to 8 and 10: what is 401 `auth-error`. */
const REFUSED: Readonly<Record<string, Make>> = {
  'alg none': header({ alg: 'none' }),
  'alg none without a signature': (key) => resigned(selfSigned(key, {}, { header: { alg: 'none' } }), () => Buffer.alloc(0)),
  'alg HS256 with the key as its secret': (key) => resigned(selfSigned(key, {}, { header: { alg: 'HS256' } }), (_, input) => createHmac('sha256', Buffer.from(key.pk, 'base64url')).update(input).digest()),
  'alg RS256': header({ alg: 'RS256' }),
  'alg ES256': (key) => resigned(selfSigned(key, {}, { header: { alg: 'ES256' } }), (_, input) => sign('sha256', Buffer.from(input), generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)),
  'alg Ed448': header({ alg: 'Ed448' }),
  'alg in small letters': header({ alg: 'ed25519' }),
  'alg a list': header({ alg: ['Ed25519'] }),
  'no alg': header({ alg: undefined }),
  'crit': header({ crit: ['exp'] }),
  'crit empty': header({ crit: [] }),
  'b64 false': header({ b64: false }),
  'kid another key': header({ kid: newIdentityKey().pk }),
  'kid empty': header({ kid: '' }),
  'kid a number': header({ kid: 1 }),
  'kid null': header({ kid: null }),
  'sub another key': (key) => selfSigned(key, { sub: newIdentityKey().pk }),
  'sub another key, and no kid': (key) => selfSigned(key, { sub: newIdentityKey().pk }, { header: { kid: undefined } }),
  'the signature of another key': (key) => selfSigned(key, {}, { signer: newIdentityKey().privateKey }),
  'the signature of a key that the header brings': (key) => {
    const other = newIdentityKey();
    return selfSigned(key, {}, { signer: other.privateKey, header: { jwk: { kty: 'OKP', crv: 'Ed25519', x: other.pk }, kid: undefined } });
  },
  'no signature': (key) => resigned(selfSigned(key), () => Buffer.alloc(0)),
  'a signature of 63 bytes': (key) => resigned(selfSigned(key), (signature) => signature.subarray(0, 63)),
  'a signature of 65 bytes': (key) => resigned(selfSigned(key), (signature) => Buffer.concat([signature, Buffer.alloc(1)])),
  'a changed signature': (key) => resigned(selfSigned(key), (signature) => Buffer.from(signature.map((byte, index) => (index === 63 ? byte ^ 1 : byte)))),
  'S that is not reduced': (key) => resigned(selfSigned(key), addOrder),
  'a changed payload': (key) => selfSigned(key).replace(/\.[^.]+\./, `.${encode(JSON.stringify({ sub: key.pk, devtoken: 'x' }))}.`),
  'exp now': claims((now) => ({ exp: now })),
  'exp long ago': claims(() => ({ exp: 0 })),
  'exp before 1970': claims(() => ({ exp: -1 })),
  'nbf in the future': claims((now) => ({ nbf: now + 5 })),
  'iat 310 s ahead': claims((now) => ({ iat: now + 310 })),
  'aud': claims(() => ({ aud: 'https://example.com' })),
  'aud null': claims(() => ({ aud: null })),
  'scope': claims(() => ({ scope: 'email' })),
  'scope empty': claims(() => ({ scope: '' })),
};

const TAKEN: Readonly<Record<string, Make>> = {
  'alg EdDSA': header({ alg: 'EdDSA' }),
  'no kid': header({ kid: undefined }),
  'no typ': header({ typ: undefined }),
  'an unknown header member': header({ x5u: 'https://example.com', jku: 1, cty: null }),
  'exp in the future': claims((now) => ({ exp: now + 60 })),
  'nbf now': claims((now) => ({ nbf: now })),
  'iat 290 s ahead': claims((now) => ({ iat: now + 290 })),
  'iat long ago': claims(() => ({ iat: 1 })),
};

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/** The same signature for verifiers that do not look at the size of S (RFC 8032 section 5.1.7). */
function addOrder(signature: Buffer): Buffer {
  const s = BigInt(`0x${Buffer.from(signature.subarray(32).toReversed()).toString('hex')}`) + ORDER;
  return Buffer.concat([signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex').toReversed()]);
}

/** Points under which a signature of nothing but a point and zero fits every message, or every eighth. */
const SMALL_ORDER: readonly string[] = [
  `01${'00'.repeat(31)}`, '00'.repeat(32), `ec${'ff'.repeat(30)}7f`, `ee${'ff'.repeat(30)}7f`, `ed${'ff'.repeat(30)}7f`,
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
];

function forged(pk: string): string {
  const input = [{ alg: 'Ed25519' }, { sub: pk }].map((part) => encode(JSON.stringify(part))).join('.');
  return `${input}.${Buffer.concat([Buffer.of(1), Buffer.alloc(63)]).toString('base64url')}`;
}

describe('identity binding: the proof in a JWT', () => {
  const bench = withIdentities();

  for (const wire of WIRES) {
    for (const method of METHODS) {
      const send = async (make: Make): Promise<{ key: IdentityKey; answer: Answer }> => {
        const key = method === 'keyRegister' ? newIdentityKey() : await bench().register();
        return { key, answer: await bench().send(wire, method, { pk: key.pk, jwt: make(key, bench().now()) }) };
      };

      for (const [name, make] of Object.entries(REFUSED)) {
        // Without a PK in the path a JWT of another sub is one whose signature and kid are not its own.
        it(`${wire} ${method}: ${name} is 401, and nothing changes`, async () => {
          const { key, answer } = await send(make);
          assertIdentityRefusal(answer, 'auth-error');
          const stored = await bench().sql.query('select from identity where pk = $1 and (claimed_pk is not null or box is not null or last_iat is not null)', [key.pk]);
          assert.equal(stored.rowCount, 0);
          if (method === 'keyRegister') assertIdentityRefusal(await bench().send(wire, 'keyRetrieve', key), 'unknown-key');
        });
      }

      for (const [name, make] of Object.entries(TAKEN)) {
        it(`${wire} ${method}: ${name} is taken`, async () => {
          const { answer } = await send(make);
          if (method === 'keyRegister') secretIn(answer);
          else assertIdentityAnswer(answer, CONFIRMED);
        });
      }
    }

    for (const point of SMALL_ORDER) {
      it(`${wire}: the point ${point.slice(0, 8)}... is 401 at POST /key and 404 elsewhere`, async () => {
        const pk = Buffer.from(point, 'hex').toString('base64url');
        assertIdentityRefusal(await bench().send(wire, 'keyRegister', { jwt: forged(pk) }), 'auth-error');
        for (const method of ['keyBind', 'keyUpdate'] as const) {
          assertIdentityRefusal(await bench().send(wire, method, { pk, jwt: forged(pk) }), 'unknown-key');
        }
        assertIdentityRefusal(await bench().send(wire, 'keyRetrieve', { pk }), 'unknown-key');
      });
    }
  }
});
