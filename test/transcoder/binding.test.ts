import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Answer } from '../wire/answer.ts';
import { startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';

/** Method, target and body, and the request that comes of it. */
const BOUND: readonly (readonly [request: string, body: object | undefined, given: unknown])[] = [
  ['GET /bind/path/a%2Fb/c?an_int64=1', undefined, { a_string: 'a/b', an_int64: '1', inner: { id: 'c' } }],
  ['GET /bind/path/a/c?inner.count=2&inner.tags=x', undefined, { a_string: 'a', inner: { id: 'c', count: '2', tags: ['x'] } }],
  ['POST /bind/path/a/c', { inner: { count: 2 }, color: 1 }, { a_string: 'a', color: 'RED', inner: { id: 'c', count: '2' } }],
  ['POST /bind/path/a/c', { aString: 'a', inner: { id: 'c' } }, { a_string: 'a', inner: { id: 'c' } }],
  ['POST /bind/path/a/c', { a_string: null, inner: null }, { a_string: 'a', inner: { id: 'c' } }],
  ['GET /bind/oneof/x', undefined, { by_name: 'x' }],
  ['POST /bind/oneof/x', { by_name: 'x', by_number: null }, { by_name: 'x' }],
  ['GET /bind/deep/x?inner.by_name=y&by_name=z', undefined, { inner: { by_name: 'y', inner: { by_name: 'x' } }, by_name: 'z' }],
  ['GET /bind/through/x?by_inner.count=1&by_inner.by_name=y', undefined, { by_inner: { id: 'x', count: '1', by_name: 'y' } }],
  ['PUT /bind/inner/s?anInt64=1&strings=a', { id: 'i' }, { a_string: 's', an_int64: '1', strings: ['a'], inner: { id: 'i' } }],
  ['PUT /bind/strings?a_string=s', ['a', 'b'], { a_string: 's', strings: ['a', 'b'] }],
  ['PUT /bind/labels', { k: 'v', '': '' }, { labels: { '': '', k: 'v' } }],
  ['PUT /bind/by-inner?inner.by_name=a', { by_number: 1 }, { inner: { by_name: 'a' }, by_inner: { by_number: 1 } }],
  ['GET /bind/unasked', { a_string: 's' }, { a_string: 's' }],
  ['DELETE /bind/unasked/s?color=RED', { id: 'i' }, { a_string: 's', color: 'RED', inner: { id: 'i' } }],
  // Unknown keys, where the method ignores them.
  ['GET /bind/known/s?nobody=1&inner.nobody=2&color=RED&nobody=3&__proto__=4', undefined, { a_string: 's', color: 'RED' }],
  ['POST /bind/known/s?nobody=1', {}, { a_string: 's' }],
  ['GET /bind/some?utm.source=1&color=RED&utm.source=2&__proto__=3', undefined, { color: 'RED' }],
  ['GET /bind/ignored?a_string=s&nobody=1', undefined, {}],
  // A value that path and body give alike, in whatever spelling.
  ['POST /bind/int64/9007199254740993', { an_int64: '9007199254740993' }, { an_int64: '9007199254740993' }],
  ['POST /bind/int64/5', { anInt64: 5 }, { an_int64: '5' }],
  ['POST /bind/int64/-0', { an_int64: 0 }, {}],
  ['POST /bind/uint32/4294967295', { a_uint32: '4294967295' }, { a_uint32: 4294967295 }],
  ['POST /bind/bool/true', { a_bool: true }, { a_bool: true }],
  ['POST /bind/color/RED', { color: 'COLOR_RED' }, { color: 'RED' }],
  ['POST /bind/color/1', { color: 'RED' }, { color: 'RED' }],
  ['POST /bind/color/COLOR_NEGATIVE', { color: -1 }, { color: 'NEGATIVE' }],
  ['POST /bind/bytes/-_8', { a_bytes: '+/8=' }, { a_bytes: '+/8=' }],
  ['POST /bind/bytes/%2B%2F8', { a_bytes: '-_8' }, { a_bytes: '+/8=' }],
  ['POST /bind/double/1.0', { a_double: 1 }, { a_double: 1 }],
  ['POST /bind/double/NaN', { a_double: 'NaN' }, { a_double: 'NaN' }],
  ['POST /bind/double/100', { a_double: '1e2' }, { a_double: 100 }],
  ['POST /bind/float/0.1', { a_float: 0.10000000149011612 }, { a_float: 0.1 }],
  ['POST /bind/string/a/%2F/b', { a_string: 'a/%2F/b' }, { a_string: 'a/%2F/b' }],
  ['POST /bind/string', { a_string: '' }, {}],
  // A part of the answer.
  ['GET /bind/answer/inner?inner.id=i', undefined, { id: 'i', count: '0', tags: [] }],
  ['GET /bind/answer/inner', undefined, null],
  ['GET /bind/answer/strings?strings=a&strings=b', undefined, ['a', 'b']],
  ['GET /bind/answer/strings', undefined, []],
  ['GET /bind/answer/int64?an_int64=9007199254740993', undefined, '9007199254740993'],
  ['PUT /bind/answer/labels', { k: 'v' }, { k: 'v' }],
];

/** What is refused, and the fields that the refusal names. */
const REFUSED: readonly (readonly [request: string, body: unknown, ...fields: string[]])[] = [
  // The query names what the path gives, also alike, or something below it.
  ['GET /bind/path/a/c?a_string=evil', undefined, 'a_string'],
  ['GET /bind/path/a/c?aString=a&inner.id=c', undefined, 'a_string', 'inner.id'],
  ['GET /bind/path/a/c?a_string.x=1&inner.id.x=1&inner=1', undefined, 'a_string.x', 'inner.id.x', 'inner'],
  ['GET /bind/known/s?a_string=evil&aString.x=1', undefined, 'a_string', 'aString.x'],
  // What the body gives.
  ['PUT /bind/inner/s?inner.count=1&inner.inner.id=x&inner=1', { id: 'i' }, 'inner.count', 'inner.inner.id', 'inner'],
  ['PUT /bind/inner/s?a_string=t', { id: 'i' }, 'a_string'],
  ['PUT /bind/strings?strings=c', ['a'], 'strings'],
  ['PUT /bind/known/s?inner.nobody=1&nobody=1', {}, 'inner.nobody'],
  ['POST /bind/path/a/c?an_int64=1', {}, 'an_int64'],
  ['POST /bind/known/s?an_int64=1&nobody=1', {}, 'an_int64'],
  ['GET /bind/unasked?color=RED', {}, 'color'],
  // Another member of a oneof of theirs.
  ['GET /bind/oneof/x?by_number=1', undefined, 'by_number'],
  ['GET /bind/oneof/x?by_inner.id=1&byDuration=1s', undefined, 'by_inner.id', 'by_duration'],
  ['GET /bind/deep/x?inner.inner.by_number=1', undefined, 'inner.inner.by_number'],
  ['GET /bind/through/x?by_name=1', undefined, 'by_name'],
  ['PUT /bind/by-inner?by_name=1', { id: 'i' }, 'by_name'],
  ['POST /bind/oneof/x', { by_number: 1 }, 'by_number'],
  ['POST /bind/oneof/x', { by_inner: {} }, 'by_inner'],
  ['POST /bind/through/x', { by_name: '' }, 'by_name'],
  // The body differs from the path.
  ['POST /bind/path/a/c', { a_string: 'b', inner: { id: 'd' } }, 'a_string', 'inner.id'],
  ['POST /bind/path/a/c', { a_string: '' }, 'a_string'],
  ['POST /bind/int64/9007199254740993', { an_int64: '9007199254740992' }, 'an_int64'],
  ['POST /bind/color/RED', { color: 2 }, 'color'],
  ['POST /bind/bytes/-_8', { a_bytes: '-_w' }, 'a_bytes'],
  ['POST /bind/double/NaN', { a_double: 'Infinity' }, 'a_double'],
  ['POST /bind/bool/true', { a_bool: false }, 'a_bool'],
  // What is not of its type.
  ['POST /bind/int64/x', {}, 'an_int64'],
  ['POST /bind/int64/9223372036854775808', {}, 'an_int64'],
  ['POST /bind/uint32/-1', {}, 'a_uint32'],
  ['POST /bind/bool/1', {}, 'a_bool'],
  ['POST /bind/color/red', {}, 'color'],
  ['POST /bind/color/3', {}, 'color'],
  ['POST /bind/bytes/Q', {}, 'a_bytes'],
  ['POST /bind/double/1e999', {}, 'a_double'],
  ['POST /bind/float/1e39', {}, 'a_float'],
  ['GET /bind/some?utm=1&utm.source.x=1&__proto__.x=1', undefined, 'utm', 'utm.source.x', '__proto__.x'],
];

describe('binding, end to end', () => {
  let transcoder: TestTranscoder;

  before(async () => {
    transcoder = await startTranscoder();
  });
  after(() => transcoder[Symbol.asyncDispose]());

  function ask(request: string, body: unknown): Promise<Answer> {
    const [method = '', target = ''] = request.split(' ');
    const headers = [['Content-Type', 'application/json']] as const;
    return transcoder.rest.send({ method, target, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  }

  for (const [request, body, given] of BOUND) {
    it(`${request} ${JSON.stringify(body) ?? ''}`, async () => {
      const answer = await ask(request, body);
      assert.equal(answer.status, 200, answer.body);
      assert.deepEqual(JSON.parse(answer.body), given);
    });
  }

  for (const [request, body, ...fields] of REFUSED) {
    it(`${request} ${JSON.stringify(body) ?? ''}: refused`, async () => {
      const answer = await ask(request, body);
      assert.deepEqual([answer.status, answer.reason, answer.fields], [400, 'INVALID', fields]);
    });
  }

  it('HEAD with a body, where the contract asks for it', async () => {
    const [good, bad] = [await ask('HEAD /bind/unasked/head', { a_string: 's' }), await ask('HEAD /bind/unasked/head', { nobody: 1 })];
    assert.deepEqual([good.status, good.body, bad.status, bad.body], [200, '', 400, '']);
  });

  it('leaves the prototype of all objects alone, whatever the names are', async () => {
    const untouched = Object.getOwnPropertyNames(Object.prototype);
    const names = ['__proto__.x', 'constructor.prototype.x', 'again.__proto__.x', 'inner.constructor.prototype.x', 'labels.__proto__', '__proto__'];
    for (const path of ['/bind/query', '/bind/known/s']) await ask(`GET ${path}?${names.map((name) => `${name}=1`).join('&')}`, undefined);
    await ask(`GET /bind/query?struct=${encodeURIComponent('{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}}}')}`, undefined);
    assert.deepEqual(Object.getOwnPropertyNames(Object.prototype), untouched);
  });

  for (const [name, query] of [
    ['8,000 dots', `${'.'.repeat(8_000)}=1`],
    ['a path of 1,300 fields', `${'again.'.repeat(1_300)}a_string=1`],
    ['one more field than is read', `${'again.'.repeat(32)}a_string=1`],
    ['1,800 unknown keys', Array.from({ length: 1_800 }, (_, index) => index.toString(36)).join('&')],
    ['2,600 times one key', Array.from({ length: 2_600 }, () => 'a=').join('&')],
    ['a key of 8,000 letters', `${'x'.repeat(8_000)}=1`],
    ['8,000 brackets', `value=${'['.repeat(8_000)}`],
  ] as const) {
    it(`refuses ${name}`, async () => {
      const answer = await ask(`GET /bind/query?${query}`, undefined);
      assert.deepEqual([answer.status, answer.reason], [400, 'INVALID']);
      assert.ok(answer.fields.length >= 1 && answer.fields.length <= 32);
    });
  }

  it('binds fields as deep as they are read, and lists as long as a target can hold', async () => {
    const deep = await ask(`GET /bind/query?${'again.'.repeat(31)}a_string=1`, undefined);
    assert.deepEqual([deep.status, deep.body], [200, `${'{"again":'.repeat(31)}{"a_string":"1"}${'}'.repeat(31)}`]);
    const valued = await ask(`GET /bind/query?${'again.'.repeat(31)}value=${'['.repeat(20)}${']'.repeat(20)}`, undefined);
    assert.equal(valued.status, 200, valued.body);
    const structured = await ask(`GET /bind/query?${'again.'.repeat(31)}struct=${encodeURIComponent('{"a":'.repeat(20))}1${'%7D'.repeat(20)}`, undefined);
    assert.equal(structured.status, 200, structured.body);
    const long = await ask(`GET /bind/query?${'strings&'.repeat(1_000)}`, undefined);
    assert.equal((JSON.parse(long.body) as { strings: string[] }).strings.length, 1_000);
  });
});
