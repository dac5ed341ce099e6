import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Call } from '../../src/call/call.ts';
import type { Answer } from '../wire/answer.ts';
import { WRONG_TOKEN, startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';

type Header = readonly [string, string];

/** Answers with what it was asked; `empty` has no content, `fails` fails. */
async function keep(request: object, call: Call): Promise<object> {
  const { aString } = request as { aString: string };
  if (aString === 'fails') throw new Error('as it was told');
  if (aString === 'empty') call.setStatus(204);
  call.setMetadata('x-answer', 'own');
  return request;
}

function tagOf({ headers }: Answer): string {
  return headers.get('etag')?.[0] ?? assert.fail('it has no ETag');
}

function cacheOf({ headers }: Answer): string | undefined {
  return headers.get('cache-control')?.join(' and ');
}

describe('a method whose answers may be kept', () => {
  let transcoder: TestTranscoder;
  before(async () => {
    transcoder = await startTranscoder({ '/transcoder.v1.KeepService/Keep': keep });
  });
  after(() => transcoder[Symbol.asyncDispose]());

  const ask = (target: string, headers: readonly Header[] = [], method = 'GET'): Promise<Answer> => transcoder.rest.send({ method, target, headers });

  it('has a tag, and an age for its caller alone', async () => {
    const answer = await ask('/keep/word');
    assert.deepEqual([answer.status, answer.body, cacheOf(answer)], [200, '{"aString":"word"}', 'private, max-age=60']);
    assert.match(tagOf(answer), /^"[\w-]{43}"$/);
    assert.equal(tagOf(await ask('/keep/word')), tagOf(answer));
    assert.notEqual(tagOf(await ask('/keep/other')), tagOf(answer));
    assert.notEqual(tagOf(await ask('/keep/text/word')), tagOf(answer), 'other bytes have another tag');
  });

  it('is 304 for who has it, with what a 304 has and nothing of a body', async () => {
    const whole = await ask('/keep/word');
    const { status, body, headers } = await ask('/keep/word', [['If-None-Match', tagOf(whole)], ['X-Request-ID', 'mine']]);
    assert.deepEqual([status, body], [304, '']);
    const names = [...headers.keys()].filter((name) => !['connection', 'keep-alive'].includes(name)).toSorted();
    assert.deepEqual(names, ['cache-control', 'content-security-policy', 'date', 'etag', 'referrer-policy', 'vary', 'x-answer', 'x-content-type-options', 'x-request-id']);
    assert.deepEqual([headers.get('etag'), headers.get('cache-control'), headers.get('x-request-id')], [[tagOf(whole)], ['private, max-age=60'], ['mine']]);
  });

  it('is whole again for who has something else', async () => {
    const other = tagOf(await ask('/keep/other'));
    assert.equal((await ask('/keep/word', [['If-None-Match', other]])).status, 200);
    assert.equal((await ask('/keep/word', [['If-None-Match', other], ['if-none-match', `W/${tagOf(await ask('/keep/word'))}`]])).status, 304);
  });

  it('looks at no other condition', async () => {
    const tag = tagOf(await ask('/keep/word'));
    for (const header of [['If-Match', '"x"'], ['If-Modified-Since', new Date().toUTCString()], ['If-Unmodified-Since', new Date(0).toUTCString()], ['Range', 'bytes=0-1'], ['If-Range', tag], ['Cache-Control', 'no-cache']] as const) {
      assert.equal((await ask('/keep/word', [header])).status, 200, header[0]);
    }
  });

  it('answers HEAD as GET, without the body', async () => {
    const whole = await ask('/keep/word');
    const head = await ask('/keep/word', [], 'HEAD');
    assert.deepEqual([head.status, head.body, tagOf(head), cacheOf(head), head.headers.get('content-length')], [200, '', tagOf(whole), cacheOf(whole), whole.headers.get('content-length')]);
    assert.equal((await ask('/keep/word', [['If-None-Match', tagOf(whole)]], 'HEAD')).status, 304);
  });

  it('leaves the connection in order after a 304', async () => {
    const tag = tagOf(await ask('/keep/word'));
    const request = `GET /keep/word HTTP/1.1\r\nHost: x\r\nIf-None-Match: ${tag}\r\n`;
    const text = await transcoder.rest.raw(`${request}\r\n${request}Connection: close\r\n\r\n`);
    assert.deepEqual(text.match(/^HTTP\/1\.1 \d+/gm), ['HTTP/1.1 304', 'HTTP/1.1 304']);
    assert.ok(!/^(?:content-length|transfer-encoding|content-type):/im.test(text), text);
  });

  it('may have no content, and a tag all the same', async () => {
    const empty = await ask('/keep/empty');
    assert.deepEqual([empty.status, empty.body, cacheOf(empty)], [204, '', 'private, max-age=60']);
  });

  it('is no-store, without a tag, if it is refused, whatever the condition', async () => {
    for (const [target, headers, status] of [
      ['/keep/word', [['Authorization', `Bearer ${WRONG_TOKEN}`]], 401], ['/keep/word?no=1', [], 400], ['/keep/fails', [], 500], ['/keep/word/not/there', [], 404], ['/keep/word', [['grpc-timeout', 'x']], 400],
    ] as const) {
      const answer = await ask(target, [...headers, ['If-None-Match', '*']]);
      assert.deepEqual([answer.status, cacheOf(answer), answer.headers.get('etag')], [status, 'no-store', undefined], target);
    }
    const refused = await ask('/keep/word', [['If-None-Match', '*']], 'POST');
    assert.deepEqual([refused.status, cacheOf(refused)], [405, 'no-store']);
  });

  it('is the only one', async () => {
    const answer = await ask('/keep/word/not', [['If-None-Match', '*']]);
    assert.deepEqual([answer.status, cacheOf(answer), answer.headers.get('etag')], [200, 'no-store', undefined]);
  });
});
