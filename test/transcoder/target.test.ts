import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { readAnswers } from '../fuzz/answers.ts';
import { startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';

/** A target, and the text that the variable of its path has. */
const TEXTS: readonly (readonly [target: string, text: string])[] = [
  ['/edge/text/a%2Fb', 'a/b'],
  ['/edge/text/a%252Fb', 'a%2Fb'],
  ['/edge/text/%2525', '%25'],
  ['/edge/text/%25zz', '%zz'],
  ['/edge/text/%2500', '%00'],
  ['/edge/text/..', '..'],
  ['/edge/text/.', '.'],
  ['/edge/text/%2e%2E', '..'],
  ['/edge/text/%2e%2e%2f%2e%2e', '../..'],
  ['/edge/text/a\\b', 'a\\b'],
  ['/edge/text/%5C..%5C', '\\..\\'],
  ['/edge/text/a+b', 'a+b'],
  ['/edge/text/a%20b%09c', 'a b\tc'],
  ['/edge/text/%C3%A9%F0%9F%98%80', 'é😀'],
  ['/edge/text/%EF%BB%BFx', '\ufeffx'],
  ['/edge/text/%0d%0aX:%20y', '\r\nX: y'],
  ['/edge/text/%3Fa%23b', '?a#b'],
  ['/edge/text/;a=b,c', ';a=b,c'],
  ['/edge/text/a%7Fb', 'a\x7fb'],
  ['/%65dge/%74ext/x', 'x'],
  ['/edge/rest/a/b', 'a/b'],
  ['/edge/rest/a%2Fb/c', 'a%2Fb/c'],
  ['/edge/rest/a%2fb%252F', 'a%2fb%2F'],
  ['/edge/rest/../../x', '../../x'],
  ['/edge/rest/a//b', 'a//b'],
  ['/edge/rest/a/', 'a/'],
];

/** Targets that are refused, and with which status. */
const REFUSED: readonly (readonly [target: string, status: number])[] = [
  ...['%', '%2', '%zz', '%2G', 'a%', '%u0041'].map((text) => [`/edge/text/${text}`, 400] as const),
  ...['%00', 'a%00b', '%ff', '%80', '%c3', '%c0%af', '%e0%80%af', '%f0%80%80%af', '%ed%a0%80', '%f4%90%80%80', '%c3%28'].map((text) => [`/edge/text/${text}`, 400] as const),
  ['/edge/text/x#y', 400],
  ['/edge/text/x?a_bool=true#y', 400],
  ['/#/edge/text/x', 400],
  ['http://a/edge/text/x', 400],
  ['HTTP://a/edge/text/x', 400],
  ['https://a/edge/text/x', 400],
  ['http:/edge/text/x', 400],
  ['a:80', 400],
  ['edge/text/x', 400],
  ['\\edge\\text\\x', 400],
  ['?/edge/text/x', 400],
  ['*', 400],
  ['/edge/text/a\tb', 400],
  ['/edge/text/a b', 400],
  ['/edge/text/\xe9', 400],
  ['/edge/text/\xc3\xa9', 400],
  ['/edge/text/\x7f', 400],
  ['/edge/text/\x0b', 400],
  ['/edge/text/\0', 400],
  ['/edge/text/x?a_bool=%zz', 400],
  ['/edge/text/x?a_bytes=%ff', 400],
  ['/edge/text/', 404],
  ['/edge/text', 404],
  ['/edge/text//', 404],
  ['/edge//text/x', 404],
  ['//edge/text/x', 404],
  ['/edge/./text/x', 404],
  ['/x/../edge/text/x', 404],
  ['/edge/text/x/', 404],
  ['/edge/text/x/../y', 404],
  ['/edge%2Ftext%2Fx', 404],
  ['/edge/text%2Fx', 404],
  ['/Edge/text/x', 404],
  ['/edge/text/x%3Fa_bool=true/y', 404],
];

describe('request targets', () => {
  let transcoder: TestTranscoder;

  before(async () => {
    transcoder = await startTranscoder();
  });
  after(() => transcoder[Symbol.asyncDispose]());

  async function ask(method: string, target: string): Promise<readonly [status: number, body: string]> {
    const text = await transcoder.rest.raw(`${method} ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    const [answer, ...more] = readAnswers(Buffer.from(text, 'latin1'), false);
    assert.equal(more.length, 0);
    return [answer?.status ?? 0, Buffer.from(answer?.body ?? '', 'latin1').toString()];
  }

  for (const [target, text] of TEXTS) {
    it(`is decoded once: ${target}`, async () => {
      const [status, body] = await ask('GET', target);
      assert.deepEqual([status, JSON.parse(body)], [200, { aString: text }]);
    });
  }

  for (const [target, status] of REFUSED) {
    it(`${status}: ${JSON.stringify(target)}`, async () => assert.equal((await ask('GET', target))[0], status));
  }

  it('OPTIONS of the server as a whole is refused as any other target that is no path', async () => {
    assert.equal((await ask('OPTIONS', '*'))[0], 400);
    assert.equal((await ask('OPTIONS', '/edge/text/x'))[0], 204);
  });
});
