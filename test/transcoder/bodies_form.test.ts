import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { exchange, fieldsOf } from './body_client.ts';
import { startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';

const FORM = 'application/x-www-form-urlencoded';

/** A form, and the message that it is as JSON. */
const TAKEN: readonly (readonly [form: string, answer: string])[] = [
  ['', '{}'],
  ['&&', '{}'],
  ['a_string=a+b%20c%C3%A9&a_bool=true', '{"aString":"a b cé","aBool":true}'],
  ['an_int32=-5&a_uint32=4294967295&an_int64=9223372036854775807&a_double=1.5&a_float=NaN', '{"anInt32":-5,"aUint32":4294967295,"anInt64":"9223372036854775807","aFloat":"NaN","aDouble":1.5}'],
  ['a_bytes=-_8%3D&color=RED&maybe_color=2', '{"aBytes":"+/8=","color":"RED","maybeColor":"DEEP_BLUE"}'],
  ['maybe_string&maybe_int64=0', '{"maybeString":"","maybeInt64":"0"}'],
  ['strings=a&a_string=x&strings=&strings=b', '{"aString":"x","strings":["a","","b"]}'],
  ['int64s=1&colors=RED&colors=COLOR_DEEP_BLUE', '{"int64s":["1"],"colors":["RED","DEEP_BLUE"]}'],
  ['by_name=x', '{"byName":"x"}'],
  ['value=null&null_value=null', '{"value":null}'],
  // Members that are no field by proto name, and fields that text cannot give.
  ['aString=x&unknown=1&A_STRING=x&inner.id=x&inner=x&inners=x&labels=x&labels%5Ba%5D=b&any=x&empty=x&raw=x&__proto__=x&constructor=y', '{}'],
];

const REFUSED: readonly (readonly [form: string, ...fields: string[]])[] = [
  ['a_string=x&a_string=x', 'a_string'], ['a_string=&a%5Fstring=', 'a_string'], ['unknown=1&unknown=2', 'unknown'], ['inner=1&inner=2', 'inner'],
  ['an_int32=x', 'an_int32'], ['an_int32=', 'an_int32'], ['an_int32=1.5', 'an_int32'], ['an_int64=9223372036854775808', 'an_int64'], ['a_bool=1', 'a_bool'],
  ['a_bool=TRUE', 'a_bool'], ['color=purple', 'color'], ['color=77', 'color'], ['a_bytes=!', 'a_bytes'], ['int64s=1&int64s=x', 'int64s'],
  ['by_name=x&by_number=1', 'by_number'], ['a_string=%', ''], ['a_string=%zz', ''], ['a_string=%ff', ''], ['a_string=%00', ''], ['a_string=%C0%80', ''],
];

describe('forms', () => {
  let transcoder: TestTranscoder;
  const send = (body: string | Uint8Array, type = FORM, path = 'form', method = 'POST') => exchange(`${transcoder.url}/bodies/${path}`, body, type, { method });

  before(async () => {
    transcoder = await startTranscoder();
  });
  after(() => transcoder[Symbol.asyncDispose]());

  for (const [form, answer] of TAKEN) {
    it(`takes ${form}`, async () => {
      const { status, body } = await send(form);
      assert.deepEqual([status, body.toString()], [200, answer]);
    });
  }

  for (const [form, ...fields] of REFUSED) {
    it(`refuses ${form}`, async () => {
      const answer = await send(form);
      assert.deepEqual([answer.status, fieldsOf(answer)], [400, fields]);
    });
  }

  it('are the field that the body is, and name it', async () => {
    const taken = await send('id=x&tags=a&tags=b&a_string=y', FORM, 'form/inner', 'PUT');
    assert.deepEqual([taken.status, taken.body.toString()], [200, '{"id":"x","tags":["a","b"]}']);
    const refused = await send('count=x', FORM, 'form/inner', 'PUT');
    assert.deepEqual([refused.status, fieldsOf(refused)], [400, ['inner.count']]);
  });

  it('stand beside JSON, which is read as the method says', async () => {
    const json = await send('{"an_int32":5,"unknown":1}', 'application/json');
    assert.deepEqual([json.status, json.body.toString()], [200, '{"anInt32":5}']);
    assert.equal((await send('{"an_int32":"5"}', 'application/json')).status, 400);
  });

  it('are UTF-8, and taken only where the method lists them', async () => {
    assert.equal((await send('a_string=x', `${FORM}; charset=UTF-8`)).status, 200);
    assert.equal((await send('a_string=x', `${FORM}; charset=latin1`)).status, 415);
    assert.equal((await send(Buffer.from('a_string=\xff', 'latin1'))).status, 400);
    assert.equal((await send('a_string=x', FORM, 'strict')).status, 415);
  });
});
