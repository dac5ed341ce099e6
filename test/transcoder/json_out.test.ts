import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';

const STRICT = '/transcoder.v1.BodiesService/Strict';
const ANY = 'type.googleapis.com/transcoder.v1.Inner';

/** What a handler answers, by the member of the message that ts-proto has for it, and what comes of it. */
const HANDLED: readonly (readonly [name: string, change: object, answer: string])[] = [
  ['64-bit integers as text', { anInt64: -(2n ** 63n), aUint64: 2n ** 64n - 1n }, '{"anInt64":"-9223372036854775808","aUint64":"18446744073709551615"}'],
  ['floats that JSON does not have', { aFloat: NaN, aDouble: -Infinity }, '{"aFloat":"NaN","aDouble":"-Infinity"}'],
  ['a float with the digits of a float', { aFloat: Math.fround(0.1), aDouble: 0.1, floatValue: Math.fround(1 / 3) }, '{"aFloat":0.1,"aDouble":0.1,"floatValue":0.33333334}'],
  ['the largest and the smallest float', { aFloat: 3.4028234663852886e38, floatValue: 2 ** -149 }, '{"aFloat":3.4028234663852886e+38,"floatValue":1.4013e-45}'],
  ['an enum value that has no name', { color: 77, colors: [1, -99] }, '{"color":77,"colors":["RED",-99]}'],
  ['bytes in the standard alphabet, padded', { aBytes: Buffer.from([251, 255]) }, '{"aBytes":"+/8="}'],
  ['a value of a oneof though it is the default', { choice: { $case: 'byNumber', value: 0n } }, '{"byNumber":"0"}'],
  ['a wrapped default', { stringValue: '', int64Value: 0n }, '{"stringValue":"","int64Value":"0"}'],
  ['times with as many digits as they need', { timestamp: { seconds: 1n, nanos: 1_000 }, duration: { seconds: -1n, nanos: -500_000_000 } },
    '{"timestamp":"1970-01-01T00:00:01.000001Z","duration":"-1.500s"}'],
  ['null as a value', { value: null, listValue: [null] }, '{"value":null,"listValue":[null]}'],
];

/** What a handler must not answer, for JSON has no form for it. */
const FAULTY: readonly (readonly [name: string, change: object])[] = [
  ['an Any of an unknown type', { any: { typeUrl: 'type.googleapis.com/no.Body', value: Buffer.alloc(0) } }],
  ['an Any that is no message', { any: { typeUrl: ANY, value: Buffer.from([0xff]) } }],
  ['a time beyond the year 9999', { timestamp: { seconds: 2n ** 40n, nanos: 0 } }],
  ['a duration beyond its range', { duration: { seconds: 2n ** 40n, nanos: 0 } }],
  ['a field mask that JSON cannot give back', { mask: ['fooBar'] }],
  ['a Value that is not finite', { value: NaN }],
];

describe('JSON out', () => {
  let transcoder: TestTranscoder;
  let change: object = {};
  const send = (target: string, body = '{}', method = 'POST') =>
    transcoder.rest.send({ method, target, headers: [['Content-Type', 'application/json']], body });

  before(async () => {
    transcoder = await startTranscoder({ [STRICT]: async (request) => Object.assign(request, change) });
  });
  after(() => transcoder[Symbol.asyncDispose]());

  for (const [name, changed, answer] of HANDLED) {
    it(`writes ${name}`, async () => {
      change = changed;
      const { status, body, headers } = await send('/bodies/strict');
      assert.deepEqual([status, body, headers.get('content-type')], [200, answer, ['application/json']]);
    });
  }

  for (const [name, changed] of FAULTY) {
    it(`answers 500 in the envelope to ${name}, and logs it`, async () => {
      change = changed;
      const { status, reason, body } = await send('/bodies/strict');
      assert.deepEqual([status, reason], [500, 'INTERNAL']);
      assert.doesNotMatch(body, /no\.Body|encode|not finite|\.ts\b/);
      assert.equal(transcoder.lines.at(-1)?.['msg'], 'call failed');
    });
  }

  it('omits what is not set, or shows defaults, or null', async () => {
    change = {};
    assert.equal((await send('/bodies/strict')).body, '{}');
    const defaults = JSON.parse((await send('/bodies/vendor')).body) as Record<string, unknown>;
    const nulls = JSON.parse((await send('/bodies/nulls')).body) as Record<string, unknown>;
    const implicit = { a_string: '', a_bytes: '', an_int64: '0', a_double: 0, color: 'UNSPECIFIED', strings: [], labels: {}, inners_by_number: {}, null_value: null };
    for (const [name, value] of Object.entries(implicit)) assert.deepEqual(defaults[name], value, name);
    for (const name of ['inner', 'maybe_string', 'timestamp', 'any', 'string_value', 'by_name', 'raw']) assert.ok(!(name in defaults), name);
    for (const name of ['inner', 'maybeString', 'timestamp', 'any', 'stringValue', 'raw', 'value']) assert.equal(nulls[name], null, name);
    for (const name of ['byName', 'byNumber', 'byInner']) assert.ok(!(name in nulls), name);
    assert.deepEqual([nulls['strings'], nulls['labels'], nulls['anInt64'], nulls['another-name']], [[], {}, '0', '']);
  });

  it('writes members in the order of their numbers, nested too, by the names of the method', async () => {
    const body = '{"renamed":"r","inner":{"tags":["t"],"id":"i"},"a_string":"s"}';
    change = {};
    assert.equal((await send('/bodies/strict', body)).body, '{"aString":"s","inner":{"id":"i","tags":["t"]},"another-name":"r"}');
    const vendor = (await send('/bodies/vendor', body)).body;
    assert.ok(vendor.startsWith('{"a_string":"s",') && vendor.endsWith(',"renamed":"r"}'), vendor);
  });

  it('writes the members of an Any as those of any other message', async () => {
    const any = `{"@type":"${ANY}","id":"x"}`;
    change = {};
    assert.equal((await send('/bodies/strict', `{"any":${any}}`)).body, `{"any":${any}}`);
    const vendor = (await send('/bodies/vendor', `{"any":${any}}`)).body;
    assert.ok(vendor.includes(`"any":{"@type":"${ANY}","id":"x","count":"0","tags":[]}`), vendor);
    const nulls = (await send('/bodies/nulls', `{"any":${any}}`)).body;
    assert.ok(nulls.includes(`"any":{"@type":"${ANY}","id":"x","count":"0","note":null,"inner":null,"tags":[]}`), nulls);
    const deep = `{"@type":"type.googleapis.com/transcoder.v1.Everything","color":"DEEP_BLUE","timestamp":"2024-01-01T00:00:00Z","any":${any}}`;
    assert.equal((await send('/bodies/strict', `{"any":${deep}}`)).body, `{"any":${deep}}`);
  });

  it('answers null for a field with presence that is not set, and its default for another, whatever the style', async () => {
    change = {};
    for (const path of ['strict', 'nulls']) assert.equal((await send(`/bodies/${path}/inner`, 'null', 'PUT')).body, 'null', path);
    // To a vendor a member that is null is absent, but a body that is null is no object.
    assert.equal((await send('/bodies/vendor/inner', 'null', 'PUT')).status, 400);
    assert.equal((await send('/bodies/strict/inner', '{}', 'PUT')).body, '{}');
    assert.equal((await send('/bodies/vendor/inner', '{}', 'PUT')).body, '{"id":"","count":"0","tags":[]}');
    assert.equal((await send('/bodies/nulls/inner', '{}', 'PUT')).body, '{"id":"","count":"0","note":null,"inner":null,"tags":[]}');
  });

  it('writes a whole message that has a JSON form of its own in that form, whatever the style', async () => {
    assert.equal((await send('/bodies/struct', '{"a":{"b":null}}')).body, '{"a":{"b":null}}');
    assert.equal((await send('/bodies/struct', '{}')).body, '{}');
    assert.equal((await send('/bodies/string-value', '""')).body, '""');
  });
});
