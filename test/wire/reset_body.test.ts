import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { OPERATOR_TOKEN } from '../support/service.ts';
import { assertIotdaRefusal } from './iotda_errors.ts';
import type { IotdaRefusal } from './iotda_errors.ts';
import { parseAnswer } from './rest.ts';
import { NOTHING, assertReset, targetOf, withResets } from './resets.ts';
import type { ResetRequest } from './resets.ts';

type Raw = Pick<ResetRequest, 'raw' | 'type' | 'headers'>;

/** An object of so many bytes. */
const sized = (bytes: number): string => `{"padding":"${'x'.repeat(bytes - 14)}"}`;
const nested = (depth: number): string => `{"padding":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;

/** Section 5.1: bodies that mean a generated primary secret. */
const DEFAULTS: readonly (readonly [name: string, raw: Raw])[] = [
  ['no body and no type', {}],
  ['no body, whatever its type', { type: 'text/plain' }],
  ['no body, a type that is none', { type: 'nonsense;;' }],
  ['no body, two types', { type: 'text/plain', headers: [['Content-Type', 'text/html']] }],
  ['an empty body', { raw: '', type: null }],
  ['an empty body as JSON', { raw: '' }],
  ['an empty body as a form', { raw: '', type: 'application/x-www-form-urlencoded' }],
  ['{}', { raw: '{}' }],
  ['an object with blanks', { raw: ' \t\r\n{ } \n' }],
  ['null members', { raw: '{"secret":null,"force_disconnect":null,"secret_type":null}' }],
  ['unknown members', { raw: '{"x":1,"instance":{"a":[null,{}]},"":"","reset":{"secret":"abcd1234"},"device_id":"other","action_id":"x"}' }],
  ['names in another spelling, which are unknown', { raw: '{"Secret":"abcd1234","SECRET":1,"secretType":"SECONDARY","forceDisconnect":1}' }],
  ['__proto__, which is unknown', { raw: '{"__proto__":{"secret":"abcd1234"},"constructor":1}' }],
  ['a charset', { raw: '{}', type: 'application/json; charset=utf-8' }],
  ['a charset in quotes and capitals', { raw: '{}', type: 'Application/JSON ;charset="UTF-8"' }],
  ['another parameter', { raw: '{}', type: 'application/json;version=5' }],
  ['64 levels', { raw: nested(64) }],
  ['1 MiB', { raw: sized(1 << 20) }],
];

const REFUSED: readonly (readonly [want: IotdaRefusal, name: string, raw: Raw])[] = [
  ...['null', '[]', '[{}]', '"x"', '"{}"', '0', 'true', '[{"secret":"abcd1234"}]'].map((raw) => ['006', `the body ${raw}`, { raw }] as const),
  ...['1', '12345678', 'true', '[]', '["abcd1234"]', '{}', '""'].map((value) => ['006', `the secret ${value}`, { raw: `{"secret":${value}}` }] as const),
  ...['"true"', '"false"', '0', '1', '[]', '{}', '""', '"x"'].map((value) => ['006', `force_disconnect ${value}`, { raw: `{"force_disconnect":${value}}` }] as const),
  ...['1', '0', 'true', '["PRIMARY"]', '{}', '""'].map((value) => ['006', `secret_type ${value}`, { raw: `{"secret_type":${value}}` }] as const),
  ['008', 'half a surrogate pair as a secret', { raw: '{"secret":"\\ud83d\\ud83dabcd1234"}' }],
  ['006', 'a wrong member beside unknown ones', { raw: '{"a":1,"secret":5,"b":2}' }],
  ...[' ', '\n\t\r ', '{', '}', '{"secret":"abcd1234"', '{"secret":"abcd1234"}x', '{}{}', '{"secret":}', "{'secret':'abcd1234'}", '{secret:"abcd1234"}',
    '{"secret":"abcd1234",}', '{"secret":"abcd1234"}/**/', 'secret=abcd1234', 'undefined', 'NaN', '{"force_disconnect":True}', '\ufeff{}', '{"secret":"ab\ncd1234"}', '\0', '{}\0',
  ].map((raw) => ['008', `the body ${JSON.stringify(raw)}`, { raw }] as const),
  ['008', 'a member given twice', { raw: '{"secret":"abcd1234","secret":"abcd1234"}' }],
  ['008', 'a member given twice by an escape', { raw: '{"secret":"abcd1234","s\\u0065cret":"abcd1235"}' }],
  ['008', 'an unknown member given twice', { raw: '{"x":1,"x":1}' }],
  ['008', 'a member given twice below an unknown one', { raw: '{"x":{"a":1,"a":2}}' }],
  ['008', '65 levels', { raw: nested(65) }],
  ['008', '100 000 levels', { raw: '['.repeat(100_000) }],
  ['008', 'bytes that are not UTF-8', { raw: Buffer.from('{"x":"\xff"}', 'latin1') }],
  ['008', 'UTF-16', { raw: Buffer.from('{}', 'utf16le') }],
  ['008', 'no type', { raw: '{}', type: null }],
  ['008', 'an empty type', { raw: '{}', type: '' }],
  ...['text/plain', 'text/json', 'application/jsonp', 'application/x-www-form-urlencoded', 'application/merge-patch+json', '*/*', 'application/json, text/plain', 'json',
    'application/json;charset=latin1', 'application/json; charset=utf-16',
  ].map((type) => ['008', `the type ${type}`, { raw: '{}', type }] as const),
  ['008', 'two types', { raw: '{}', headers: [['Content-Type', 'application/json']] }],
  ['008', 'a body that says that it is packed', { raw: '{}', headers: [['Content-Encoding', 'gzip']] }],
  ['413', '1 MiB and a byte', { raw: sized((1 << 20) + 1) }],
  ['413', '1 MiB and a byte of blanks', { raw: ' '.repeat((1 << 20) + 1) }],
];

describe('ResetDeviceSecret: bodies over REST (5.1)', () => {
  const bench = withResets();

  for (const [name, raw] of DEFAULTS) {
    it(`200 with a generated primary secret for ${name}`, async () => {
      const device = await bench().device();
      const secret = assertReset(await bench().reset('rest', { device, ...raw }), device);
      assert.deepEqual(await bench().secrets(device), { PRIMARY: secret });
      assert.deepEqual((await bench().stored(device)).events, ['device_secret.reset'], 'no session is closed');
    });
  }

  for (const [want, name, raw] of REFUSED) {
    it(`${want} for ${name}, and nothing is changed`, async () => {
      const device = await bench().device();
      assertIotdaRefusal(await bench().reset('rest', { device, key: 'refused', ...raw }), want);
      assert.deepEqual(await bench().stored(device), NOTHING);
    });
  }

  it('takes members in any order and spelling of JSON, such as the SDKs write it', async () => {
    const device = await bench().device();
    for (const raw of ['{"secret_type": "SECONDARY", "secret": "abcd1234"}', '{"secret":"\\u0061bcd1234","secret_type":"SECOND\\u0041RY"}']) {
      assertReset(await bench().reset('rest', { device, raw }), device, { slot: 'SECONDARY', secret: 'abcd1234' });
    }
  });

  it('takes a body in chunks, and refuses chunks beyond 1 MiB', async () => {
    const device = await bench().device();
    const send = (body: string) => bench().rest.send({ target: targetOf(device), headers: [['X-Auth-Token', OPERATOR_TOKEN], ['Content-Type', 'application/json']], body, chunk: 65_536 });
    assertReset(await send('{"secret":"abcd1234"}'), device, { secret: 'abcd1234' });
    assertReset(await send(sized(1 << 20)), device);
    assertIotdaRefusal(await send(sized((1 << 20) + 1)), '413');
  });

  it('takes a POST without any length for one without a body', async () => {
    const device = await bench().device();
    const head = `POST ${targetOf(device)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Auth-Token: ${OPERATOR_TOKEN}\r\n\r\n`;
    assertReset(parseAnswer(await bench().rest.raw(head)), device);
  });
});
