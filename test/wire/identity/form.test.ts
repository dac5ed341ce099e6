import { describe, it } from 'mocha';
import { encode, secondSpelling } from '../jwt.ts';
import { WIRES } from '../answer.ts';
import { CONFIRMED, newEmail, newPhone, secretIn, withIdentities } from './bench.ts';
import type { KeyMethod } from './bench.ts';
import { assertIdentityAnswer, assertIdentityRefusal } from './errors.ts';
import { newIdentityKey, selfSigned } from './signer.ts';
import type { IdentityKey, JwtForm } from './signer.ts';

type Claims = Readonly<Record<string, unknown>>;

const METHODS: readonly KeyMethod[] = ['keyRegister', 'keyBind', 'keyUpdate'];
const OTHER = newIdentityKey();

/** Section 5, step 2: what is no compact JWT, made of one that is. */
const UNREADABLE: Readonly<Record<string, (jwt: string, key: IdentityKey) => string>> = {
  'no body': () => '',
  'white space': () => ' \r\n\t',
  'an unsigned object': (_, { pk }) => JSON.stringify({ sub: pk }),
  'one part': (jwt) => jwt.split('.')[0] ?? '',
  'two parts': (jwt) => jwt.split('.').slice(0, 2).join('.'),
  'four parts': (jwt) => `${jwt}.e30`,
  'no header': (jwt) => jwt.replace(/^[^.]+/, ''),
  'padding': (jwt) => `${jwt}==`,
  'a letter of plain base64': (jwt) => jwt.replace(/.$/, '+'),
  'white space inside': (jwt) => jwt.replace('.', ' .'),
  'a second spelling of the signature': (jwt) => jwt.slice(0, jwt.lastIndexOf('.') + 1) + secondSpelling(jwt.slice(jwt.lastIndexOf('.') + 1)),
  'a header that is no JSON': (jwt) => jwt.replace(/^[^.]+/, encode('alg')),
  'a header that is a list': (jwt) => jwt.replace(/^[^.]+/, encode('[]')),
  'more than 16 KiB': (_, key) => selfSigned(key, { unknown: 'x'.repeat(12_288) }),
  'a scheme word': (jwt) => `Bearer ${jwt}`,
};

/** Payloads as text that are no JSON object, or not one only. */
const PAYLOADS: Readonly<Record<string, (pk: string) => string>> = {
  'null': () => 'null',
  'a list': (pk) => `[{"sub":"${pk}"}]`,
  'a text': (pk) => `"${pk}"`,
  'two values': (pk) => `{"sub":"${pk}"}{}`,
  'a member twice': (pk) => `{"sub":"${pk}","sub":"${pk}"}`,
};

/** Step 3 and section 4: claims that are missing or not in their form. */
const MALFORMED: Readonly<Record<string, Claims>> = {
  'no sub': { sub: undefined },
  'sub null': { sub: null },
  'sub a number': { sub: 1 },
  'devtoken empty': { devtoken: '' },
  'devtoken of 4097 characters': { devtoken: 'x'.repeat(4097) },
  'devtoken a number': { devtoken: 1 },
  'devtoken null': { devtoken: null },
  'devtoken with a NUL': { devtoken: 'a\0b' },
  'devtoken with half a pair': { devtoken: 'a\uD800' },
  'pk of 42 characters': { pk: OTHER.pk.slice(1) },
  'pk of 44 characters': { pk: `A${OTHER.pk}` },
  'pk not canonical': { pk: secondSpelling(OTHER.pk) },
  'pk with a letter of plain base64': { pk: `${OTHER.pk.slice(1)}+` },
  'pk a number': { pk: 7 },
  'email without @': { email: 'user.example.com' },
  'email with two @': { email: 'user@home@example.com' },
  'email with nothing before @': { email: '@example.com' },
  'email with nothing behind @': { email: 'user@' },
  'email with blanks alone behind @': { email: 'user@  ' },
  'email of 255 characters': { email: `${'a'.repeat(243)}@example.com` },
  'email a number': { email: 1 },
  'email null': { email: null },
  'email a list': { email: ['user@example.com'] },
  'email empty': { email: '' },
  'phone without +': { phone: '31201234567' },
  'phone with a leading 0': { phone: '+01201234567' },
  'phone of 6 digits': { phone: '+312012' },
  'phone of 16 digits': { phone: '+3120123456789012' },
  'phone with a letter': { phone: '+3120123456x' },
  'phone with other digits': { phone: '+٣١٢٠١٢٣٤٥٦٧' },
  'phone a number': { phone: 31_201_234_567 },
  'exp a text': { exp: '4102444800' },
  'exp a fraction': { exp: 4_102_444_800.5 },
  'nbf a text': { nbf: '0' },
  'iat a text': { iat: '0' },
  'iat null': { iat: null },
  'iat beyond what is exact': { iat: 2 ** 60 },
};

const MALFORMED_SCOPES: Readonly<Record<string, unknown>> = {
  'a text': selfSigned(OTHER),
  'an object': {},
  'null': null,
  'nine members': Array.from({ length: 9 }, () => selfSigned(OTHER)),
  'a member that is no text': [1],
  'a member that is no JWT': ['a.b.c'],
  'an empty member': [''],
};

/** What is in its form, although it is odd. */
const SOUND: Readonly<Record<string, () => Claims>> = {
  'an unknown claim': () => ({ unknown: { deep: [1, null] }, iss: 1, jti: 'x', type: 1 }),
  'a device token of 1 character': () => ({ devtoken: 'x' }),
  'a device token of 4096 characters outside the first plane': () => ({ devtoken: '\u{1F600}'.repeat(2000) }),
  'a device token of 4096 characters': () => ({ devtoken: 'x'.repeat(4096) }),
  'another key': () => ({ pk: newIdentityKey().pk }),
  'an address of 254 characters': () => ({ email: `${newEmail()}@`.replace(/^(.*)@(.*)@$/, (_, user: string, host: string) => `${user.padEnd(254 - 1 - host.length, 'x')}@${host}`) }),
  'an address with blanks around it': () => ({ email: ` ${newEmail()}\n` }),
  'a number with what is removed': () => ({ phone: newPhone().replace(/^(\+\d\d)(\d\d)(\d+)$/, ' $1 ($2) - $3. ') }),
};

describe('identity binding: the form of a JWT', () => {
  const bench = withIdentities();

  for (const wire of WIRES) {
    for (const method of METHODS) {
      const known = async (): Promise<IdentityKey> => (method === 'keyRegister' ? newIdentityKey() : bench().register());
      const refused = async (make: (key: IdentityKey) => string): Promise<void> => {
        const key = await known();
        assertIdentityRefusal(await bench().send(wire, method, { pk: key.pk, jwt: make(key) }), 'bad-request');
      };

      for (const [name, change] of Object.entries(UNREADABLE)) {
        it(`${wire} ${method}: ${name} is 400`, () => refused((key) => change(selfSigned(key), key)));
      }
      for (const [name, payload] of Object.entries(PAYLOADS)) {
        it(`${wire} ${method}: a payload that is ${name} is 400`, () => refused((key) => selfSigned(key, {}, { payloadText: payload(key.pk) })));
      }
      for (const [name, claims] of Object.entries(MALFORMED)) {
        it(`${wire} ${method}: ${name} is 400`, () => refused((key) => selfSigned(key, claims)));
      }
      for (const [name, claims] of Object.entries(SOUND)) {
        it(`${wire} ${method}: ${name} is taken`, async () => {
          const key = await known();
          const answer = await bench().send(wire, method, { pk: key.pk, jwt: selfSigned(key, claims()) });
          if (method === 'keyRegister') secretIn(answer);
          else assertIdentityAnswer(answer, CONFIRMED);
        });
      }

      it(`${wire} ${method}: white space around the JWT is ignored`, async () => {
        const key = await known();
        const answer = await bench().send(wire, method, { pk: key.pk, jwt: `\r\n\t ${selfSigned(key)} \n` });
        if (method === 'keyRegister') secretIn(answer);
        else assertIdentityAnswer(answer, CONFIRMED);
      });
    }

    for (const [name, scopes] of Object.entries(MALFORMED_SCOPES)) {
      it(`${wire}: scopes that are ${name} are 400 at POST /key/{PK}, and ignored elsewhere`, async () => {
        const key = newIdentityKey();
        const jwt = selfSigned(key, { scopes });
        secretIn(await bench().send(wire, 'keyRegister', { jwt }));
        assertIdentityAnswer(await bench().send(wire, 'keyBind', { pk: key.pk, jwt }), CONFIRMED);
        assertIdentityRefusal(await bench().send(wire, 'keyUpdate', { pk: key.pk, jwt }), 'bad-request');
      });
    }

    for (const sub of ['', 'x', OTHER.pk.slice(1), `${OTHER.pk}A`, secondSpelling(OTHER.pk), `${OTHER.pk}=`]) {
      it(`${wire}: a sub that is ${JSON.stringify(sub)} is 400 at POST /key, 401 at the calls with a PK`, async () => {
        const key = await bench().register();
        const form: JwtForm = { header: { kid: undefined } };
        assertIdentityRefusal(await bench().send(wire, 'keyRegister', { jwt: selfSigned(key, { sub }, form) }), 'bad-request');
        for (const method of ['keyBind', 'keyUpdate'] as const) {
          assertIdentityRefusal(await bench().send(wire, method, { pk: key.pk, jwt: selfSigned(key, { sub }, form) }), 'auth-error');
        }
      });
    }
  }
});
