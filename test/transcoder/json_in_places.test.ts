import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';

/** Where the body is one field, what is given there, and what the answer shows of it. */
const FIELDS: readonly (readonly [path: string, body: string, answer?: string])[] = [
  ['inner', '{"id":"x","inner":{}}'],
  ['inner', '{}'],
  ['inner', 'null'],
  ['string', '"x"'],
  ['string', '""'],
  ['string', 'null', '""'],
  ['int64', '5', '"5"'],
  ['int64', '"-9223372036854775808"'],
  ['int64', 'null', '"0"'],
  ['maybe', '"0"'],
  ['maybe', 'null'],
  ['color', '"COLOR_DEEP_BLUE"', '"DEEP_BLUE"'],
  ['color', '0', '"UNSPECIFIED"'],
  ['strings', '["a","b"]'],
  ['strings', '[]'],
  ['strings', 'null', '[]'],
  ['inners', '[{"id":"x"},{}]'],
  ['labels', '{"a":"b"}'],
  ['labels', '{}'],
  ['timestamp', '"2024-01-02T03:04:05Z"'],
  ['timestamp', 'null'],
  ['wrapper', '"0"'],
  ['wrapper', 'null'],
  ['value', 'null'],
  ['value', '[1,{"a":null}]'],
  ['any', '{"@type":"type.googleapis.com/transcoder.v1.Inner","id":"x"}'],
  ['one', '{"id":"x"}'],
  ['one', 'null'],
];

const REFUSED_FIELDS: readonly (readonly [path: string, body: string, ...fields: string[]])[] = [
  ['inner', '[]', 'inner'], ['inner', '{"nobody":1}', 'inner.nobody'], ['inner', '{"inner":{"inner":{"count":0.5}}}', 'inner.inner.inner.count'],
  ['string', '1', 'a_string'], ['string', '{}', 'a_string'], ['string', '', ''], ['string', 'x', ''],
  ['int64', '9007199254740993', 'an_int64'], ['color', '"x"', 'color'], ['strings', '"x"', 'strings'], ['strings', '["a",1]', 'strings[1]'],
  ['inners', '{}', 'inners'], ['labels', '[["a","b"]]', 'labels'], ['timestamp', '"x"', 'timestamp'], ['wrapper', 'true', 'int64_value'],
  ['any', '{"@type":"x/y"}', 'any.@type'], ['one', '1', 'by_inner'],
];

/** Keys are text for numbers in every mode, and the same key is given once however it is written. */
const MAPS: readonly (readonly [text: string, answer: string | readonly string[]])[] = [
  ['{"byString":{"01":"a","1":"b"}}', '{"byString":{"1":"b","01":"a"}}'],
  ['{"byBool":{"true":"a","false":"b"}}', '{"byBool":{"true":"a","false":"b"}}'],
  ['{"byBool":{"True":"a"}}', ['by_bool.True']],
  ['{"byBool":{"1":"a"}}', ['by_bool.1']],
  ...['Int32', 'Sint32', 'Sfixed32', 'Int64', 'Sint64', 'Sfixed64'].flatMap((type): [string, string | readonly string[]][] => {
    const name = `by_${type.toLowerCase()}`;
    return [
      [`{"by${type}":{"-5":"a"}}`, `{"by${type}":{"-5":"a"}}`],
      [`{"by${type}":{"-0":"a"}}`, `{"by${type}":{"0":"a"}}`],
      [`{"by${type}":{"0":"a","-0":"b"}}`, [`${name}.-0`]],
      [`{"by${type}":{"01":"a"}}`, [`${name}.01`]],
      [`{"by${type}":{"1":"a","1.0":"b"}}`, [`${name}.1.0`]],
      [`{"by${type}":{"":"a"}}`, [`${name}.`]],
      [`{"by${type}":{"__proto__":"a"}}`, [`${name}.__proto__`]],
    ];
  }),
  ...['Uint32', 'Fixed32', 'Uint64', 'Fixed64'].flatMap((type): [string, string | readonly string[]][] => [
    [`{"by${type}":{"4294967295":"a"}}`, `{"by${type}":{"4294967295":"a"}}`],
    [`{"by${type}":{"-1":"a"}}`, [`by_${type.toLowerCase()}.-1`]],
  ]),
  ['{"byInt32":{"2147483648":"a"}}', ['by_int32.2147483648']],
  ['{"byUint32":{"4294967296":"a"}}', ['by_uint32.4294967296']],
  ['{"byInt64":{"9223372036854775807":"a"}}', '{"byInt64":{"9223372036854775807":"a"}}'],
  ['{"byInt64":{"9223372036854775808":"a"}}', ['by_int64.9223372036854775808']],
  ['{"byUint64":{"18446744073709551615":"a"}}', '{"byUint64":{"18446744073709551615":"a"}}'],
  ['{"values":{"a":null,"b":[1]}}', '{"values":{"a":null,"b":[1]}}'],
  ['{"wrappers":{"a":null}}', ['wrappers.a']],
  ['{"wrappers":{"a":"5"}}', '{"wrappers":{"a":"5"}}'],
];

/** As vendors read it; the answer has proto names, and defaults where this text is not found. */
const VENDOR: readonly (readonly [text: string, answer: string | readonly string[]])[] = [
  ['{"a_string":"x","aString":1,"unknown":{"a":[null]}}', '{"a_string":"x",'],
  ['{"anInt32":1}', '"an_int32":0'],
  ['{"__proto__":{"a_string":"x"},"constructor":1}', '{"a_string":"",'],
  ['{"an_int32":5,"a_string":null,"inner":null}', '"an_int32":5'],
  ['{"an_int32":"5"}', ['an_int32']],
  ['{"an_int64":"5","a_double":"1","int64_value":"5"}', ['an_int64', 'a_double', 'int64_value']],
  ['{"an_int64":5,"a_double":1,"int64_value":5}', '"an_int64":"5"'],
  ['{"color":1,"colors":["RED",2]}', ['color', 'colors[1]']],
  ['{"color":"COLOR_RED"}', '"color":"RED"'],
  ['{"inner":{"unknown":1,"id":"x"},"inners":[{"unknown":1}],"empty":{"unknown":1}}', '"inner":{"id":"x","count":"0","tags":[]}'],
  ['{"inner":{"id":1}}', ['inner.id']],
  ['{"labels":{"a":null}}', ['labels.a']],
  ['{"inners_by_number":{"1":{"id":"x"}}}', '"inners_by_number":{"1":{"id":"x"'],
  ['{"any":{"@type":"type.googleapis.com/transcoder.v1.Inner","unknown":1,"by_name":"n"}}', '"by_name":"n"'],
  ['{"any":{"@type":"type.googleapis.com/google.protobuf.Duration","unknown":1,"value":"1s"}}', '"value":"1s"'],
  ['{"unknown":1,"unknown":1}', ['']],
  ['{"by_name":"x","by_number":1}', ['by_number']],
  ['[]', ['']],
];

describe('JSON in, in its places', () => {
  let transcoder: TestTranscoder;
  let seen: object = {};
  const send = (method: string, target: string, body: string) =>
    transcoder.rest.send({ method, target, headers: [['Content-Type', 'application/json']], body });
  const check = async (target: string, text: string, wanted: string | readonly string[], part = false): Promise<void> => {
    const answer = await send('POST', target, text);
    if (typeof wanted !== 'string') assert.deepEqual([answer.status, answer.fields], [400, wanted]);
    else if (part) assert.ok(answer.status === 200 && answer.body.includes(wanted), answer.body);
    else assert.deepEqual([answer.status, answer.body], [200, wanted]);
  };

  before(async () => {
    transcoder = await startTranscoder({ '/transcoder.v1.BodiesService/InheritedNames': async (request) => (seen = request) });
  });
  after(() => transcoder[Symbol.asyncDispose]());

  for (const [path, body, wanted = body] of FIELDS) {
    it(`takes ${body} as the field at ${path} and answers ${wanted}`, async () => {
      const answer = await send('PUT', `/bodies/strict/${path}`, body);
      assert.deepEqual([answer.status, answer.body], [200, wanted]);
    });
  }

  for (const [path, body, ...fields] of REFUSED_FIELDS) {
    it(`refuses ${body} as the field at ${path}`, async () => {
      const answer = await send('PUT', `/bodies/strict/${path}`, body);
      assert.deepEqual([answer.status, answer.reason, answer.fields], [400, 'INVALID', fields]);
    });
  }

  for (const [text, wanted] of MAPS) it(`maps: ${text}`, () => check('/bodies/maps', text, wanted));
  for (const [text, wanted] of VENDOR) it(`as vendors read it: ${text}`, () => check('/bodies/vendor', text, wanted, true));

  it('keeps fields apart from what all objects inherit', async () => {
    await check('/bodies/inherited', '{}', '{}');
    await check('/bodies/inherited', '{"valueOf":"a","to_string":"b","hasOwnProperty":"c","constructor":["d"]}',
      '{"valueOf":"a","toString":"b","hasOwnProperty":"c","constructor":["d"]}');
    assert.deepEqual(seen, { valueOf: 'a', toString: 'b', hasOwnProperty: 'c', constructor: ['d'] });
    const faulty = '{"valueOf":"\\u0000","toString":"\\u0000","hasOwnProperty":"\\u0000","constructor":["\\u0000"]}';
    await check('/bodies/inherited', faulty, ['value_of', 'to_string', 'has_own_property', 'constructor[0]']);
  });

  it('takes messages with a JSON form of their own as the whole body', async () => {
    await check('/bodies/struct', '{"a":[1,null],"b":{}}', '{"a":[1,null],"b":{}}');
    await check('/bodies/struct', '[]', ['']);
    await check('/bodies/string-value', '"x"', '"x"');
    await check('/bodies/string-value', '1', ['']);
    for (const text of ['null', '"x"', '0', '[null]', '{"kind":{"stringValue":"x"}}']) await check('/bodies/value', text, text);
    for (const path of ['string-value', 'value']) await check(`/bodies/${path}`, '"\\u0000"', ['']);
    for (const path of ['struct', 'value']) await check(`/bodies/${path}`, '{"a":["\\u0000"]}', ['']);
  });
});
