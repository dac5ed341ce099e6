import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Answer } from '../wire/answer.ts';
import { startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';

/** A query and the request that comes of it, by proto names without what is unset. */
const BOUND: readonly (readonly [query: string, request: object])[] = [
  ['', {}],
  ['&&', {}],
  // Scalars.
  ['a_string=%C3%A9+%2B%26%3D', { a_string: 'é +&=' }],
  ['a_string=a=b=c', { a_string: 'a=b=c' }],
  ['a_bool=true', { a_bool: true }],
  ['a_bool=false&maybe_bool=false', { maybe_bool: false }],
  ['an_int32=-2147483648&a_sint32=2147483647&a_sfixed32=-0', { an_int32: -2147483648, a_sint32: 2147483647 }],
  ['a_uint32=4294967295&a_fixed32=1', { a_uint32: 4294967295, a_fixed32: 1 }],
  ['an_int64=-9223372036854775808&a_sint64=9223372036854775807', { an_int64: '-9223372036854775808', a_sint64: '9223372036854775807' }],
  ['a_sfixed64=9007199254740993', { a_sfixed64: '9007199254740993' }],
  ['a_uint64=18446744073709551615&a_fixed64=1', { a_uint64: '18446744073709551615', a_fixed64: '1' }],
  ['a_float=1.5&a_double=-1.7976931348623157e308', { a_float: 1.5, a_double: -1.7976931348623157e308 }],
  ['a_float=3.4028234663852886e38&a_double=5e-324', { a_float: 3.4028234663852886e38, a_double: 5e-324 }],
  ['a_float=3.4028235e38', { a_float: Math.fround(3.4028235e38) }],
  ['a_float=NaN&a_double=-Infinity', { a_float: 'NaN', a_double: '-Infinity' }],
  ['a_double=Infinity', { a_double: 'Infinity' }],
  ['a_bytes=%2B%2F8%3D', { a_bytes: '+/8=' }],
  ['a_bytes=-_8', { a_bytes: '+/8=' }],
  ['some_bytes=&some_bytes=QQ&some_bytes=QQ==', { some_bytes: ['', 'QQ==', 'QQ=='] }],
  // Enums by name, with or without the prefix, and by number.
  ['color=RED', { color: 'RED' }],
  ['color=COLOR_DEEP_BLUE', { color: 'DEEP_BLUE' }],
  ['color=2', { color: 'DEEP_BLUE' }],
  ['color=-1', { color: 'NEGATIVE' }],
  ['color=0&maybe_color=0', { maybe_color: 'UNSPECIFIED' }],
  ['null_value=null', {}],
  ['null_value=NULL_VALUE', {}],
  ['null_value=0', {}],
  // Wrappers are their bare value.
  ['string_value=x&bytes_value=eA&bool_value=true', { string_value: 'x', bytes_value: 'eA==', bool_value: true }],
  ['int32_value=-1&uint32_value=1', { int32_value: -1, uint32_value: 1 }],
  ['int64_value=-9223372036854775808&uint64_value=18446744073709551615', { int64_value: '-9223372036854775808', uint64_value: '18446744073709551615' }],
  ['float_value=0.5&double_value=NaN', { float_value: 0.5, double_value: 'NaN' }],
  // The other types of google.protobuf that have a text.
  ['timestamp=2026-02-28T23:59:59.123456789Z', { timestamp: '2026-02-28T23:59:59.123456789Z' }],
  ['timestamp=2024-02-29T01:00:00%2B02:00', { timestamp: '2024-02-28T23:00:00Z' }],
  ['timestamp=0001-01-01T00:00:00Z', { timestamp: '0001-01-01T00:00:00Z' }],
  ['timestamp=9999-12-31T23:59:59.999999999Z', { timestamp: '9999-12-31T23:59:59.999999999Z' }],
  ['duration=1.5s', { duration: '1.500s' }],
  ['duration=-0.000000001s', { duration: '-0.000000001s' }],
  ['duration=315576000000s', { duration: '315576000000s' }],
  ['mask=a_string,inner.by_name,innersByNumber,*', { mask: 'aString,inner.byName,innersByNumber,*' }],
  ['mask=', { mask: '' }],
  ['struct={"a":[1,null,"x",{"b":true}]}', { struct: { a: [1, null, 'x', { b: true }] } }],
  ['value=null', { value: null }],
  ['value=%22null%22', { value: 'null' }],
  ['value=-1.5e3', { value: -1500 }],
  ['value={"constructor":{"prototype":{"a":1}},"b":"__proto__"}', { value: { constructor: { prototype: { a: 1 } }, b: '__proto__' } }],
  ['list_value=[1,[],{}]', { list_value: [1, [], {}] }],
  // Lists, in the order of the query.
  ['strings=b&strings=a&strings=', { strings: ['b', 'a', ''] }],
  ['int64s=9007199254740993&a_string=x&int64s=-1', { a_string: 'x', int64s: ['9007199254740993', '-1'] }],
  ['colors=RED&colors=2&colors=COLOR_RED', { colors: ['RED', 'DEEP_BLUE', 'RED'] }],
  ['timestamps=2026-01-01T00:00:00Z&timestamps=1970-01-01T00:00:00Z', { timestamps: ['2026-01-01T00:00:00Z', '1970-01-01T00:00:00Z'] }],
  ['int64_values=1&int64_values=0', { int64_values: ['1', '0'] }],
  // Nested fields, by proto names, JSON names, and both mixed.
  ['inner.id=a&inner.inner.inner.count=9007199254740993', { inner: { id: 'a', inner: { inner: { count: '9007199254740993' } } } }],
  ['inner.byName=x', { inner: { by_name: 'x' } }],
  ['byInner.inner.by_number=1', { by_inner: { inner: { by_number: 1 } } }],
  ['again.anInt32=1&again.inner.tags=a&again.inner.tags=b', { again: { an_int32: 1, inner: { tags: ['a', 'b'] } } }],
  ['anInt64=1&maybeString=y', { an_int64: '1', maybe_string: 'y' }],
  ['renamed=a', { renamed: 'a' }],
  ['another-name=a', { renamed: 'a' }],
  // Fields with presence.
  ['maybe_string=', { maybe_string: '' }],
  ['maybe_string', { maybe_string: '' }],
  ['a_string=', {}],
  ['maybe_int64=0', { maybe_int64: '0' }],
  ['inner.note=', { inner: { note: '' } }],
  ['inner.id=', { inner: {} }],
  ['string_value=', { string_value: '' }],
  ['bytes_value=', { bytes_value: '' }],
  ['bool_value=false&int64_value=0', { bool_value: false, int64_value: '0' }],
  // Members of a oneof, one at a time.
  ['by_name=', { by_name: '' }],
  ['by_number=9007199254740993', { by_number: '9007199254740993' }],
  ['by_duration=0s', { by_duration: '0s' }],
  ['by_inner.id=a&by_inner.count=1', { by_inner: { id: 'a', count: '1' } }],
  ['inner.by_name=a&again.inner.by_number=1', { inner: { by_name: 'a' }, again: { inner: { by_number: 1 } } }],
];

/** A query that is refused, and the fields that its refusal names. */
const REFUSED: readonly (readonly [query: string, ...fields: string[]])[] = [
  // What is not of its type.
  ...['', 'TRUE', '1', 'yes', 'on', 't'].map((text) => [`a_bool=${text}`, 'a_bool'] as const),
  ...['', '-', '+1', ' 1', '1.0', '1e3', '007', '0x1', '2147483648', '-2147483649', 'NaN', '%D9%A1'].map((text) => [`an_int32=${text}`, 'an_int32'] as const),
  ['a_uint32=-1&a_fixed32=4294967296', 'a_uint32', 'a_fixed32'],
  ['an_int64=9223372036854775808&aUint64=18446744073709551616', 'an_int64', 'a_uint64'],
  ['int64_value=9223372036854775808', 'int64_value'],
  ['maybe_int64=', 'maybe_int64'],
  ...['', 'nan', '1e999', '-1e999', '1,5', '.5', '0x1', 'Infinity1', '--1'].map((text) => [`a_double=${text}`, 'a_double'] as const),
  ['a_float=3.5e38&float_value=1e39', 'a_float', 'float_value'],
  ...['Q', 'Q===', '+A==', 'Q Q=', '%2B-8=', 'é', 'QQ=QQ'].map((text) => [`a_bytes=${encodeURI(text)}`, 'a_bytes'] as const),
  ...['', 'red', 'COLOR_red', '3', '1.0', '01', '-0', 'COLOR_COLOR_RED', 'toString', '__proto__'].map((text) => [`color=${text}`, 'color'] as const),
  ['null_value=', 'null_value'],
  ['null_value=1', 'null_value'],
  ...[
    '', '2026-01-01', '2026-01-01T00:00:00', '2026-01-01t00:00:00z', '2026-02-30T00:00:00Z', '2026-13-01T00:00:00Z', '2025-02-29T00:00:00Z',
    '2026-01-01T24:00:00Z', '2026-01-01T00:60:00Z', '2026-01-01T23:59:60Z', '2026-01-01T00:00:00+02:00', '2026-01-01T00:00:00.1234567891Z',
    '0000-01-01T00:00:00Z', '10000-01-01T00:00:00Z', '0001-01-01T00:00:00%2B01:00', '1767225600',
  ].map((text) => [`timestamp=${text}`, 'timestamp'] as const),
  ...['', '1', '1.5', '1.5ss', 's', '.5s', '1.s', '1e3s', '1500ms', '315576000001s', '315576000000.1s', '1.0000000001s', '+1s'].map(
    (text) => [`duration=${text}`, 'duration'] as const,
  ),
  ...['a,', ',a', 'a,,b', 'a..b', 'a b', 'A', '_a', 'a_', 'a__b', 'a_1', '1', 'a-b'].map((text) => [`mask=${encodeURI(text)}`, 'mask'] as const),
  ...['', '[]', 'null', '{', '{"a":1,"a":2}', '{}{}', "{'a':1}", `${'{"a":'.repeat(21)}1${'}'.repeat(21)}`].map(
    (text) => [`struct=${encodeURIComponent(text)}`, 'struct'] as const,
  ),
  ...['', 'x', 'NaN', '01', '[1,]', '1e999', '"\\ud800"', '{"__proto__":1}', '[{"a":{"_\\u005fproto__":{}}}]', `${'['.repeat(21)}${']'.repeat(21)}`].map(
    (text) => [`value=${encodeURIComponent(text)}`, 'value'] as const,
  ),
  ['list_value={}', 'list_value'],
  ['colors=RED&colors=x', 'colors'],
  ['timestamps=x&int64_values=x', 'timestamps', 'int64_values'],
  // What has no text.
  ['inner=x&empty=&any={}&raw=x', 'inner', 'empty', 'any', 'raw'],
  ['inners=x&labels=x&inners_by_number=1', 'inners', 'labels', 'inners_by_number'],
  ['inners.id=x&labels.k=v&labels[k]=v&any.typeUrl=x', 'inners.id', 'labels.k', 'labels[k]', 'any.typeUrl'],
  ['timestamp.seconds=1&string_value.value=x&struct.fields=x', 'timestamp.seconds', 'string_value.value', 'struct.fields'],
  ['strings.x=1&strings[]=a&strings[0]=a', 'strings.x', 'strings[]', 'strings[0]'],
  // Given twice.
  ['a_string=a&a_string=a', 'a_string'],
  ['a_string=a&aString=b', 'a_string'],
  ['strings=a&strings=b&inner.tags=a&anInt64=1&an_int64=1', 'an_int64'],
  ['some_bytes=&someBytes=', 'some_bytes'],
  ['renamed=a&another-name=a', 'renamed'],
  ['inner.id=a&inner.id=b', 'inner.id'],
  ['struct={}&struct={}', 'struct'],
  ['inner.id=a&inner=x', 'inner'],
  // Members of one oneof.
  ['by_name=a&by_number=1', 'by_number'],
  ['byNumber=1&by_inner.id=a', 'by_inner.id'],
  ['by_inner.id=a&by_duration=1s&by_name=b', 'by_duration', 'by_name'],
  ['inner.by_name=a&inner.by_number=1', 'inner.by_number'],
  ['again.inner.by_number=1&again.inner.byName=a', 'again.inner.by_name'],
  // Names that nobody has.
  ['nobody=1&A_STRING=1&a_string.=1', 'nobody', 'A_STRING', 'a_string.'],
  ['=1', ''],
  ['.=1&..=2', '.', '..'],
  ['inner.nobody=1&inner..id=2&.inner=3', 'inner.nobody', 'inner..id', '.inner'],
  ['__proto__=1&constructor.prototype=2&toString=3', '__proto__', 'constructor.prototype', 'toString'],
  ['__proto__.polluted=1&inner.__proto__.polluted=2', '__proto__.polluted', 'inner.__proto__.polluted'],
  ['inner%2Eid=a&inner.id=b', 'inner.id'],
];

const MALFORMED = ['%', 'a_string=%', 'a_string=%zz', 'a_string=%ff', 'a_string=%C0%AF', 'a_string=%00', '%ED%A0%80=1', 'nobody=%'];

describe('the query, end to end', () => {
  let transcoder: TestTranscoder;

  before(async () => {
    transcoder = await startTranscoder();
  });
  after(() => transcoder[Symbol.asyncDispose]());

  const ask = (target: string): Promise<Answer> => transcoder.rest.send({ method: 'GET', target: encodeURI(target).replaceAll('%25', '%') });

  for (const [query, request] of BOUND) {
    it(`?${query}`, async () => {
      const answer = await ask(`/bind/query?${query}`);
      assert.equal(answer.status, 200, answer.body);
      assert.deepEqual(JSON.parse(answer.body), request);
    });
  }

  for (const [query, ...fields] of REFUSED) {
    it(`?${query}: refused`, async () => {
      const answer = await ask(`/bind/query?${query}`);
      assert.deepEqual([answer.status, answer.reason, answer.fields], [400, 'INVALID', fields]);
    });
  }

  for (const query of MALFORMED) {
    it(`?${query}: malformed, also where unknown keys are ignored`, async () => {
      for (const path of ['/bind/query', '/bind/known/x']) {
        const answer = await ask(`${path}?${query}`);
        assert.deepEqual([answer.status, answer.reason, answer.fields], [400, 'INVALID', []]);
      }
      assert.equal((await ask(`/bind/ignored?${query}`)).status, 200);
    });
  }
});
