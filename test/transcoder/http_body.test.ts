import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { exchange, fieldsOf } from './body_client.ts';
import { startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';

const BINARY = Uint8Array.from({ length: 512 }, (_, index) => index % 256);
const NO_TYPES = ['text', '/', 'a/', '/b', 'a b/c', 'text/plain\r\nX-Evil: 1', 'text/plain\n', '\u0000', 'text/plain; a=\u007f', 'text/plain; a=é', ' text/plain', 'text/plain '];

describe('google.api.HttpBody', () => {
  let transcoder: TestTranscoder;
  let seen: Record<string, unknown> = {};
  let answer: { contentType: string; data: Buffer } | undefined;
  const url = (path: string): string => `${transcoder.url}/bodies/${path}`;
  const whole = async (request: object): Promise<object> => {
    seen = request as never;
    return answer === undefined ? request : { ...answer, extensions: [] };
  };

  before(async () => {
    transcoder = await startTranscoder({
      '/transcoder.v1.BodiesService/Whole': whole,
      '/transcoder.v1.BodiesService/Raw': async (request) => (seen = request),
    });
  });
  after(() => transcoder[Symbol.asyncDispose]());

  for (const type of ['text/plain', 'application/json', 'Application/X-Y; a="b c";charset=latin1', 'application/x-www-form-urlencoded', 'image/png']) {
    it(`gives the Content-Type ${type} and the bytes as they came, and takes them back`, async () => {
      for (const [path, method] of [['raw/id', 'PUT'], ['whole', 'POST']] as const) {
        const { status, headers, body } = await exchange(url(path), BINARY, type, { method });
        assert.deepEqual([status, headers['content-type'], headers['content-length']], [200, type, '512']);
        assert.deepEqual([...body], [...BINARY]);
        const raw = (path === 'whole' ? seen : seen['raw']) as { contentType: string; data: Buffer };
        assert.deepEqual([raw.contentType, Buffer.from(raw.data)], [type, Buffer.from(BINARY)]);
      }
    });
  }

  it('binds path and query beside it', async () => {
    const { status } = await exchange(`${url('raw/a%20b')}?inner.id=q`, 'x', 'text/plain');
    assert.deepEqual([status, seen['aString'], (seen['inner'] as { id: string }).id], [200, 'a b', 'q']);
    const refused = await exchange(`${url('raw/id')}?raw.content_type=text/html`, 'x', 'text/plain');
    assert.deepEqual([refused.status, fieldsOf(refused)], [400, ['raw.content_type']]);
  });

  it('has an empty content_type where no Content-Type came, and answers octets then', async () => {
    const { status, headers, body } = await exchange(url('raw/id'), 'x', undefined);
    assert.deepEqual([status, headers['content-type'], body.toString()], [200, 'application/octet-stream', 'x']);
    assert.equal((seen['raw'] as { contentType: string }).contentType, '');
  });

  it('takes an empty body, and a type that is sent once and is one', async () => {
    const empty = await exchange(url('whole'), '', 'text/plain', { method: 'POST' });
    assert.deepEqual([empty.status, empty.headers['content-length'], empty.body.length], [200, '0', 0]);
    for (const type of ['text', 'text/', 'a/b/c', ', ', 'text plain/x', 'text/plain; a="é"']) assert.equal((await exchange(url('raw/id'), 'x', type)).status, 415, type);
    const twice = await exchange(url('raw/id'), 'x', undefined, { headers: { 'Content-Type': ['text/plain', 'text/plain'] } });
    assert.equal(twice.status, 415);
  });

  it('comes in the types that the method lists only, JSON and all', async () => {
    for (const type of ['application/json', 'text/csv', 'TEXT/CSV; header=present']) {
      const { status, headers, body } = await exchange(url('typed'), '{"not json', type);
      assert.deepEqual([status, headers['content-type'], body.toString()], [200, type, '{"not json']);
    }
    for (const type of ['text/plain', 'application/octet-stream', undefined]) {
      for (const bytes of ['x', '']) assert.equal((await exchange(url('typed'), bytes, type)).status, 415, type);
    }
    assert.equal((await exchange(url('typed'), '', 'text/csv')).status, 200);
  });

  it('answers GET and HEAD as the whole message', async () => {
    answer = { contentType: 'text/plain; charset=utf-8', data: Buffer.from('hé') };
    const got = await exchange(url('whole'), '', undefined, { method: 'GET' });
    assert.deepEqual([got.status, got.headers['content-type'], got.headers['content-length'], got.body.toString()], [200, 'text/plain; charset=utf-8', '3', 'hé']);
    const head = await exchange(url('whole'), '', undefined, { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers['content-type'], head.headers['content-length'], head.body.length], [200, 'text/plain; charset=utf-8', '3', 0]);
    answer = { contentType: '', data: Buffer.alloc(0) };
    const empty = await exchange(url('whole'), '', undefined, { method: 'GET' });
    assert.deepEqual([empty.status, empty.headers['content-type'], empty.headers['content-length']], [200, 'application/octet-stream', '0']);
  });

  for (const type of NO_TYPES) {
    it(`never sends ${JSON.stringify(type)} as Content-Type, and answers 500`, async () => {
      answer = { contentType: type, data: Buffer.from('x') };
      const { status, headers, body } = await exchange(url('whole'), '', undefined, { method: 'GET' });
      assert.deepEqual([status, headers['content-type'], headers['x-evil']], [500, 'application/json', undefined]);
      assert.equal((JSON.parse(body.toString()) as { code: number }).code, 13);
      assert.equal(transcoder.lines.at(-1)?.['msg'], 'call failed');
    });
  }

  it('is ordinary JSON as a part of a message', async () => {
    const json = '{"raw":{"contentType":"text/plain","data":"aGk="}}';
    const { status, body } = await exchange(url('strict'), json, 'application/json', { method: 'POST' });
    assert.deepEqual([status, body.toString()], [200, json]);
    const field = await exchange(url('raw/id'), 'hi', 'text/plain', { method: 'POST' });
    assert.equal(field.body.toString(), '{"aString":"id","raw":{"contentType":"text/plain","data":"aGk="}}');
  });
});
