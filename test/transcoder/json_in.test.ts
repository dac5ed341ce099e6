import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';

const INNER = 'type.googleapis.com/transcoder.v1.Inner';
const WELL_KNOWN = 'type.googleapis.com/google.protobuf';
const nested = (open: string, close: string, depth: number, core = ''): string => open.repeat(depth) + core + close.repeat(depth);

/** Taken as strict JSON, and answered as it is, or as the second text. */
const TAKEN: readonly (readonly [text: string, answer?: string])[] = [
  ['{}'],
  [' \r\n\t{ } ', '{}'],
  ['{"a_string":"x","a_bool":true}', '{"aString":"x","aBool":true}'],
  ['{"another-name":"x"}'],
  ['{"renamed":"x"}', '{"another-name":"x"}'],
  ['{"aString":"\\u00e9\\ud83d\\ude00"}', '{"aString":"é😀"}'],
  ['{"anInt32":"-5","aUint32":4294967295}', '{"anInt32":-5,"aUint32":4294967295}'],
  ['{"anInt32":1e3,"aSint32":-0,"aSfixed32":2.0}', '{"anInt32":1000,"aSfixed32":2}'],
  ['{"anInt64":"9223372036854775807","aSint64":"-9223372036854775808","aUint64":"18446744073709551615"}'],
  ['{"anInt64":9007199254740991}', '{"anInt64":"9007199254740991"}'],
  ['{"aFloat":"NaN","aDouble":"-Infinity"}'],
  ['{"aFloat":1.5,"aDouble":"1e308"}', '{"aFloat":1.5,"aDouble":1e+308}'],
  ['{"aBytes":"-_8"}', '{"aBytes":"+/8="}'],
  ['{"color":"COLOR_RED","maybeColor":1,"colors":["DEEP_BLUE",-1]}', '{"color":"RED","maybeColor":"RED","colors":["DEEP_BLUE","NEGATIVE"]}'],
  ['{"aString":null,"inner":null,"strings":null,"labels":null,"any":null,"int64Value":null}', '{}'],
  ['{"maybeString":"","maybeInt64":"0","maybeBool":false}'],
  ['{"nullValue":null,"value":null}', '{"value":null}'],
  ['{"struct":{"x":{"y":[]}},"value":{"a":[1,null,{"b":"c"}]},"listValue":[true,null]}'],
  ['{"timestamp":"9999-12-31T23:59:59.999999999Z","duration":"-315576000000s","mask":"aB,c.dE"}'],
  ['{"timestamp":"2024-02-29T01:02:03.5+01:30"}', '{"timestamp":"2024-02-28T23:32:03.500Z"}'],
  ['{"timestamp":"0001-01-01T00:00:00Z","duration":"0.000000001s","mask":""}'],
  ['{"mask":"a1.b2C,*,d.*.e,FooBar"}'],
  ['{"stringValue":"","bytesValue":"","boolValue":false,"int64Value":"5","doubleValue":"Infinity"}'],
  ['{"int64Values":["1",2]}', '{"int64Values":["1","2"]}'],
  ['{"labels":{"":"empty","a.b":"dot","constructor":"c"}}'],
  ['{"innersByNumber":{"-1":{"id":"x"}},"colorsByBool":{"true":"RED","false":1}}', '{"innersByNumber":{"-1":{"id":"x"}},"colorsByBool":{"true":"RED","false":"RED"}}'],
  ['{"byInner":{"byNumber":0}}'],
  ['{"byName":null,"byNumber":"1"}', '{"byNumber":"1"}'],
  ['{"raw":{"contentType":"text/plain","data":"aGk="}}'],
  [`{"any":{}}`],
  [`{"any":{"@type":"${INNER}","id":"x","count":"1"}}`],
  [`{"any":{"id":"x","@type":"${INNER}"}}`, `{"any":{"@type":"${INNER}","id":"x"}}`],
  [`{"any":{"@type":"${WELL_KNOWN}.Duration","value":"1.5s"}}`, `{"any":{"@type":"${WELL_KNOWN}.Duration","value":"1.500s"}}`],
  [`{"any":{"@type":"${WELL_KNOWN}.Int64Value","value":"5"}}`],
  [`{"any":{"@type":"${WELL_KNOWN}.Empty"}}`],
  [`{"any":{"@type":"${WELL_KNOWN}.Struct","value":{"a":1}}}`],
  [`{"any":{"@type":"${WELL_KNOWN}.Value","value":null}}`],
  [`{"any":{"@type":"${WELL_KNOWN}.Any","value":{"@type":"${INNER}","id":"x"}}}`],
  [`{"any":{"@type":"type.googleapis.com/transcoder.v1.Everything","color":"RED","any":{"@type":"${INNER}","id":"x"}}}`],
];

/** Refused with 400, and these fields named. */
const REFUSED: readonly (readonly [text: string, ...fields: string[]])[] = [
  // Not parsable.
  ...['', '{', '{}x', '{}{}', '{"aString":"x",}', "{'a':1}", '\uFEFF{}', '{"aString":"\\ud800"}', '{"aString":"\\udc00x"}', 'nul', '{"anInt32":01}',
    '{"aString":"x","aString":"x"}', '{"aString":"x","a\\u0053tring":"y"}', '{"unknown":{"a":1,"a":2}}', '{"struct":{"a":{"b":1,"b":1}}}',
    '{"aDouble":NaN}', '{"aDouble":1e999}', nested('[', ']', 65), `{"value":${nested('[', ']', 100_000 / 10)}}`].map((text) => [text, ''] as const),
  // Not the message.
  ...['[]', '"x"', '1', 'true', 'null', '[{}]'].map((text) => [text, ''] as const),
  ['{"unknown":1}', 'unknown'],
  ['{"__proto__":{"aString":"x"}}', '__proto__'],
  ['{"toString":1,"constructor":2}', 'toString', 'constructor'],
  ['{"A_STRING":"x"}', 'A_STRING'],
  ['{"aString":"x","a_string":"x"}', 'a_string'],
  ['{"aString":null,"a_string":"x"}', 'a_string'],
  ['{"inner":{"id":1,"inner":{"tags":["a",2,null]}}}', 'inner.id', 'inner.inner.tags[1]', 'inner.inner.tags[2]'],
  ['{"aString":1}', 'a_string'], ['{"aString":["x"]}', 'a_string'], ['{"aBool":"true"}', 'a_bool'], ['{"aBool":1}', 'a_bool'],
  ['{"aBytes":"a"}', 'a_bytes'], ['{"aBytes":"+_=="}', 'a_bytes'], ['{"aBytes":[1]}', 'a_bytes'],
  ...['2147483648', '-2147483649', '1.5', '"1.5"', '" 1"', '"0x1"', '"1e3"', '""', 'true', '"--1"', '"-"'].map((value) => [`{"anInt32":${value}}`, 'an_int32'] as const),
  ...['-1', '"-1"', '4294967296'].map((value) => [`{"aUint32":${value},"aFixed32":${value}}`, 'a_uint32', 'a_fixed32'] as const),
  ...['9007199254740992', '9007199254740993', '-9007199254740992', '1e20', '"9223372036854775808"', '"-9223372036854775809"', '0.5'].map(
    (value) => [`{"anInt64":${value},"aSfixed64":${value}}`, 'an_int64', 'a_sfixed64'] as const,
  ),
  ...['-1', '"18446744073709551616"', '9007199254740992'].map((value) => [`{"aUint64":${value}}`, 'a_uint64'] as const),
  ...['"nan"', '"inf"', '"Infinity "', '"1."', '"1e999"', '""', 'true', '"0x1"'].map((value) => [`{"aDouble":${value},"aFloat":${value}}`, 'a_double', 'a_float'] as const),
  ['{"aFloat":1e39}', 'a_float'], ['{"aFloat":"-3.5e38"}', 'a_float'], ['{"floatValue":1e39}', 'float_value'],
  ...['"PURPLE"', '"red"', '2.5', '77', '"1"', 'true', '""', '"toString"'].map((value) => [`{"color":${value}}`, 'color'] as const),
  ['{"colors":["RED",null,"x"]}', 'colors[1]', 'colors[2]'],
  ['{"strings":"x"}', 'strings'], ['{"strings":{"0":"x"}}', 'strings'], ['{"strings":[null]}', 'strings[0]'], ['{"inners":[null,[]]}', 'inners[0]', 'inners[1]'],
  ['{"labels":[]}', 'labels'], ['{"labels":{"a":1,"b":null}}', 'labels.a', 'labels.b'], ['{"innersByNumber":{"1":null}}', 'inners_by_number.1'],
  ['{"byName":"x","byNumber":"1"}', 'by_number'], ['{"inner":{"byName":"","byNumber":0}}', 'inner.by_number'],
  ...['"2023-02-29T00:00:00Z"', '"2100-02-29T00:00:00Z"', '"2023-04-31T00:00:00Z"', '"2023-00-01T00:00:00Z"', '"2023-01-01T24:00:00Z"', '"2023-01-01T00:00:60Z"',
    '"2023-01-01T00:00:00"', '"2023-01-01"', '"2023-01-01t00:00:00z"', '"2023-01-01T00:00:00.Z"', '"2023-01-01T00:00:00.1234567890Z"', '"0000-12-31T23:59:59Z"',
    '"0001-01-01T00:00:00+00:01"', '"9999-12-31T23:59:59-00:01"', '"10000-01-01T00:00:00Z"', '0', '{}', '{"seconds":1}'].map((value) => [`{"timestamp":${value}}`, 'timestamp'] as const),
  ...['"315576000001s"', '"315576000000.000000001s"', '"-315576000001s"', '"1"', '"1sx"', '"1.s"', '".5s"', '"1.0000000001s"', '"+1s"', '"1 s"', '"9999999999999s"', '1', '{}'].map(
    (value) => [`{"duration":${value},"byDuration":${value}}`, 'duration', 'by_duration'] as const,
  ),
  ...['"a_b"', '"a,,b"', '","', '"a..b"', '".a"', '"a."', '"a b"', '"a, b"', '"1"', '"a-b"', '"é"', '"\\u0000"', '["a"]', '{}'].map((value) => [`{"mask":${value}}`, 'mask'] as const),
  ['{"struct":[]}', 'struct'], ['{"struct":"x"}', 'struct'], ['{"listValue":{}}', 'list_value'], ['{"empty":{"a":1}}', 'empty.a'], ['{"empty":[]}', 'empty'],
  ['{"int64Value":9007199254740993}', 'int64_value'], ['{"int32Value":"x"}', 'int32_value'], ['{"stringValue":{"value":"x"}}', 'string_value'], ['{"bytesValue":"!"}', 'bytes_value'],
  ['{"int64Values":["1",null]}', 'int64_values[1]'], ['{"timestamps":["x"]}', 'timestamps[0]'], ['{"nullValue":"x"}', 'null_value'],
  ['{"labels":{"__proto__":"x"}}', 'labels.__proto__'], ['{"struct":{"a":[{"__proto__":{"b":1}}]}}', 'struct'], ['{"value":{"__proto__":null}}', 'value'],
  ['{"any":[]}', 'any'], ['{"any":{"id":"x"}}', 'any.@type'], ['{"any":{"@type":1}}', 'any.@type'], ['{"any":{"@type":""}}', 'any.@type'],
  ['{"any":{"@type":"transcoder.v1.Inner"}}', 'any.@type'], ['{"any":{"@type":"/transcoder.v1.Inner"}}', 'any.@type'],
  ['{"any":{"@type":"type.googleapis.com/transcoder.v1.Nobody","x":1}}', 'any.@type'], ['{"any":{"@type":"type.googleapis.com/"}}', 'any.@type'],
  [`{"any":{"@type":"${INNER}","nobody":1}}`, 'any.nobody'], [`{"any":{"@type":"${INNER}","count":9007199254740993}}`, 'any.count'],
  [`{"any":{"@type":"${WELL_KNOWN}.Duration"}}`, 'any.value'], [`{"any":{"@type":"${WELL_KNOWN}.Duration","value":"x"}}`, 'any.value'],
  [`{"any":{"@type":"${WELL_KNOWN}.Duration","value":"1s","more":1}}`, 'any.more'],
  [`{"any":{"@type":"${WELL_KNOWN}.Any","value":{"@type":"${INNER}","id":1}}}`, 'any.value.id'],
  [`{"aString":"\\u0000"}`, 'a_string'], ['{"labels":{"a":"\\u0000"}}', 'labels.a'],
  // As a message an object is three times as deep as in JSON.
  [`{"value":${nested('{"a":', '}', 32, '1')}}`, 'value'], [`{"listValue":${nested('[', ']', 49)}}`, 'list_value'],
  [`{"any":{"@type":"${WELL_KNOWN}.Struct","value":${nested('{"a":', '}', 55, '1')}}}`, 'any.value'],
];

describe('JSON in, strictly', () => {
  let transcoder: TestTranscoder;
  const send = (body: string, target = '/bodies/strict', method = 'POST') =>
    transcoder.rest.send({ method, target, headers: [['Content-Type', 'application/json']], body });

  before(async () => {
    transcoder = await startTranscoder();
  });
  after(() => transcoder[Symbol.asyncDispose]());

  for (const [text, answer = text] of TAKEN) {
    it(`takes ${text}`, async () => {
      const { status, body } = await send(text);
      assert.deepEqual([status, body], [200, answer]);
    });
  }

  for (const [text, ...fields] of REFUSED) {
    it(`refuses ${text.slice(0, 100)}`, async () => {
      const answer = await send(text);
      assert.deepEqual([answer.status, answer.reason, answer.fields], [400, 'INVALID', fields]);
      assert.doesNotMatch(answer.body, /PURPLE|9007199254740993/);
    });
  }

  it('takes JSON as deep as it may be', async () => {
    const lists = `{"listValue":${nested('[', ']', 31)}}`;
    const messages = nested('{"inner":', '}', 62, '{"id":"x"}');
    const any = nested(`{"@type":"${WELL_KNOWN}.Any","value":`, '}', 60, `{"@type":"${INNER}","id":"x"}`);
    assert.deepEqual((await send(`{"any":${any}}`)).body, `{"any":${any}}`);
    for (const text of [lists, `{"inner":${messages.slice('{"inner":'.length)}`]) assert.equal((await send(text)).status, 200, text.slice(0, 40));
  });

  it('names no more fields, and none at more length, than anyone would read', async () => {
    const name = 'n'.repeat(30_000);
    const members = Array.from({ length: 1_000 }, (_, index) => `"u${index}":1`).join();
    const many = await send(`{"inner":{${members}}}`);
    assert.deepEqual([many.status, many.fields.length], [400, 32]);
    const long = await send(`{"any":{"@type":"${INNER}","${name}":1}}`);
    assert.deepEqual([long.status, long.fields], [400, [`any.${'n'.repeat(64)}...`]]);
  });
});
