import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { after, before, describe, it } from 'mocha';
import { exchange, fieldsOf } from './body_client.ts';
import { WRONG_TOKEN, startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';
import { slowBrotli } from './slow_brotli.ts';

type Compress = (bytes: string | Uint8Array) => Buffer;

/** How a coding is named and made. */
const CODINGS: readonly (readonly [name: string, coding: string, compress: Compress])[] = [
  ['gzip', 'gzip', gzipSync],
  ['x-gzip', 'x-gzip', gzipSync],
  ['gzip of two members', 'gzip', (bytes) => Buffer.concat([gzipSync(Buffer.from(bytes).subarray(0, 3)), gzipSync(Buffer.from(bytes).subarray(3))])],
  ['deflate', 'deflate', deflateSync],
  ['deflate without its header', 'deflate', deflateRawSync],
  ['br', 'br', brotliCompressSync],
];
const JSON_TEXT = '{"aString":"é","strings":["a","a","a","a","a"]}';
const MEBIBYTE = 1 << 20;

describe('content codings', () => {
  let transcoder: TestTranscoder;
  const post = (path: string, body: string | Uint8Array, coding: string | string[], headers: Readonly<Record<string, string>> = {}) =>
    exchange(`${transcoder.url}/bodies/${path}`, body, 'application/json', { method: 'POST', headers: { ...headers, 'Content-Encoding': coding } });

  const open = Promise.withResolvers<void>();

  before(async () => {
    transcoder = await startTranscoder({
      '/transcoder.v1.BodiesService/Large': async (request: object) => {
        await open.promise;
        return Object.assign(request, { raw: undefined });
      },
    });
  });
  after(() => transcoder[Symbol.asyncDispose]());

  for (const [name, coding, compress] of CODINGS) {
    it(`${name}: what comes out is the body, under any spelling of the coding`, async () => {
      for (const spelling of [coding, coding.toUpperCase(), `identity, ${coding}`, ` ${coding} ,`]) {
        const { status, body } = await post('strict', compress(JSON_TEXT), spelling);
        assert.deepEqual([status, body.toString()], [200, JSON_TEXT], spelling);
      }
    });

    it(`${name}: what is cut short or followed by anything is malformed`, async () => {
      const coded = compress(JSON_TEXT);
      const garbage = ['x', '\0', '\0\0\0\0', JSON_TEXT].map((text) => Buffer.concat([coded, Buffer.from(text)]));
      for (const bytes of [coded.subarray(0, -1), coded.subarray(0, 5), Buffer.alloc(0), Buffer.from(JSON_TEXT), ...garbage]) {
        const answer = await post('strict', bytes, coding);
        assert.deepEqual([answer.status, fieldsOf(answer)], [400, ['']], bytes.toString('hex'));
      }
    });

    it(`${name}: decoded it may have as many bytes as any body, and no more`, async () => {
      const full = JSON_TEXT.padEnd(65_535);
      assert.equal((await post('strict', compress(full), coding)).status, 200);
      assert.equal((await post('strict', compress(`${full}  `), coding)).status, 413);
      assert.equal((await post('strict', compress(Buffer.alloc(8 * MEBIBYTE)), coding)).status, 413);
      assert.equal((await post('strict', randomBytes(65_537), coding)).status, 413);
    });
  }

  it('a checksum that is wrong is malformed', async () => {
    for (const [coding, compress, from] of [['gzip', gzipSync, 8], ['deflate', deflateSync, 4]] as const) {
      const coded = compress(JSON_TEXT);
      coded[coded.length - from] = (coded[coded.length - from] ?? 0) ^ 1;
      assert.equal((await post('strict', coded, coding)).status, 400, coding);
    }
  });

  it('what comes out is refused as any body is', async () => {
    for (const text of ['{"aString":1}', '{}x', '\uFEFF{}', '']) assert.equal((await post('strict', gzipSync(text), 'gzip')).status, 400, text);
  });

  it('identity, and no coding at all, are none', async () => {
    for (const coding of ['identity', 'Identity', '', ', ,', 'identity,identity']) assert.equal((await post('strict', JSON_TEXT, coding)).status, 200, coding);
  });

  it('415 names in Accept-Encoding what is taken, if anything is', async () => {
    for (const coding of ['compress', 'zstd', 'gzip;q=1', '*', 'gzip, gzip', 'gzip, br', 'gzip gzip', ['gzip', 'gzip']]) {
      const { status, headers } = await post('strict', gzipSync(JSON_TEXT), coding);
      assert.deepEqual([status, headers['accept-encoding']], [415, 'gzip, deflate, br'], String(coding));
    }
    const vendor = await post('vendor', brotliCompressSync('{}'), 'br');
    assert.deepEqual([vendor.status, vendor.headers['accept-encoding']], [415, 'gzip']);
    const none = await post('nulls', gzipSync('{}'), 'gzip');
    assert.deepEqual([none.status, none.headers['accept-encoding']], [415, undefined]);
  });

  it('a wrong media type is told without Accept-Encoding', async () => {
    const { status, headers } = await exchange(`${transcoder.url}/bodies/strict`, gzipSync('{}'), 'text/plain', { method: 'POST', headers: { 'Content-Encoding': 'gzip' } });
    assert.deepEqual([status, headers['accept-encoding']], [415, undefined]);
  });

  it('bare values are decoded too', async () => {
    const url = `${transcoder.url}/bodies`;
    const coded = { headers: { 'Content-Encoding': 'gzip' } };
    const text = await exchange(`${url}/text/5`, gzipSync('a.b.c'), 'application/jwt', coded);
    const raw = await exchange(`${url}/raw/id`, gzipSync('x'), 'text/css', coded);
    assert.deepEqual([text.body.toString(), raw.body.toString(), raw.headers['content-type']], ['a.b.c', 'x', 'text/css']);
  });

  it('nothing is decoded for who may not call', async () => {
    assert.equal((await post('strict', 'no gzip', 'gzip', { Authorization: `Bearer ${WRONG_TOKEN}` })).status, 401);
  });

  it('decoded bodies count as held until their calls are over: for what is beyond there is 503', async () => {
    const bomb = gzipSync(Buffer.alloc(MEBIBYTE));
    const refused: string[] = [];
    const calls = Array.from({ length: 16 }, async () => {
      const { status, headers } = await post('large', bomb, 'gzip');
      if (status === 503) refused.push(String(headers['retry-after']));
      if (refused.length === 9) open.resolve();
      return status;
    });
    const statuses = await Promise.all(calls);
    assert.deepEqual([statuses.filter((status) => status === 200).length, refused], [7, Array.from({ length: 9 }, () => '1')]);
    for (let count = 0; count < 16; count += 1) assert.equal((await post('large', bomb, 'gzip')).status, 200);
  });

  it('a body that was made to be slow holds up nobody else', async () => {
    let isOver = false;
    const slow = post('large', slowBrotli(MEBIBYTE), 'br').finally(() => (isOver = true));
    for (let count = 0; count < 10; count += 1) assert.equal((await post('strict', '{}', 'identity')).status, 200);
    assert.equal(isOver, false);
    assert.equal((await slow).status, 200);
  });
});
