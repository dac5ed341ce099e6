import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { readAnswers } from '../fuzz/answers.ts';
import { openLine, until } from '../limits/fixtures.ts';
import { RightsBench } from './rights.ts';

const OWN = /^[0-9a-f]{32}$/;
const GIVEN: readonly [string, string] = ['X-Request-ID', 'given-by-the-caller'];
const USE = 'POST /rights/mine/things/a HTTP/1.1\r\nHost: a\r\nX-Request-ID: given-by-the-caller\r\n';

/** Requests below the prefix of a service with own_request_ids, and their status. */
const ROWS: readonly (readonly [name: string, method: string, target: string, status: number, token?: string])[] = [
  ['a call', 'POST', '/rights/mine/things/a', 200],
  ['a call of a service that shares the prefix', 'GET', '/rights/mine/annex', 200],
  ['a call that is refused', 'POST', '/rights/mine/things/a', 401, 'wrong'],
  ['an unknown path', 'GET', '/rights/mine/nothing', 404],
  ['the bare prefix', 'GET', '/rights', 404],
  ['the prefix with a query', 'GET', '/rights?a=b', 404],
  ['the prefix in escapes', 'GET', '/%72ights/x', 404],
  ['another method', 'OPTIONS', '/rights/mine/annex', 404],
  ['a malformed path', 'GET', '/rights/%zz', 404],
];

/** Bytes that are refused before there is a call; the status. */
const HEADS: readonly (readonly [name: string, bytes: string, status: number])[] = [
  ['a target over 8 KiB', `GET /rights/${'x'.repeat(9_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 404],
  ['a target over 16 KiB', `GET /rights/${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 404],
  ['101 headers', `${USE}${'X: a\r\n'.repeat(100)}\r\n`, 404],
  ['headers over 16 KiB', `${USE}X: ${'x'.repeat(17_000)}\r\n\r\n`, 404],
];

describe('the request id', () => {
  let bench: RightsBench;
  before(async () => void (bench = await RightsBench.start()));
  after(() => bench[Symbol.asyncDispose]());

  for (const [name, method, target, status, token] of ROWS) {
    it(`is the service's own, new each time: ${name}`, async () => {
      const ids = new Set<string>();
      for (const headers of [[GIVEN], [GIVEN], [], [GIVEN, GIVEN]]) {
        const answer = await bench.rest(method, target, { headers, ...(token === undefined ? {} : { token }), ...(method === 'POST' ? { body: '{}' } : {}) });
        assert.equal(answer.status, status);
        const [id = ''] = answer.headers.get('x-request-id') ?? [];
        assert.match(id, OWN);
        ids.add(id);
      }
      assert.equal(ids.size, 4);
    });
  }

  for (const [name, bytes, status] of HEADS) {
    it(`is the service's own where there was no call: ${name}`, async () => {
      const line = await openLine(Number(new URL(bench.transcoder.url).port));
      line.socket.write(bytes);
      await until(line.isClosed, 'the connection is closed');
      const [answer] = readAnswers(Buffer.from(line.text(), 'latin1'), false);
      assert.equal(answer?.status, status);
      assert.match(answer.headers.get('x-request-id') ?? '', OWN);
    });
  }

  it("is the caller's where a prefix below is of a service that takes it", async () => {
    for (const target of ['/rights/vault/a', '/rights/vault', '/rights/vaul%74/a']) {
      const answer = await bench.rest('GET', target, { headers: [GIVEN] });
      assert.deepEqual(answer.headers.get('x-request-id'), ['given-by-the-caller'], target);
    }
    assert.match((await bench.rest('GET', '/rights/vaults', { headers: [GIVEN] })).headers.get('x-request-id')?.[0] ?? '', OWN);
  });

  it('is the one in the log', async () => {
    const answer = await bench.rest('GET', '/rights/mine/annex', { headers: [GIVEN] });
    assert.equal(bench.transcoder.lines.at(-1)?.['request_id'], answer.headers.get('x-request-id')?.[0]);
  });

  it("is the service's own over gRPC, in answers and refusals", async () => {
    const ids = await Promise.all(['mine', 'mine', 'other'].map(async (project) => (await bench.grpc('RightsService', 'use', { project, thing: 'a' }, { requestId: 'given' })).requestId));
    for (const id of ids) assert.match(id, OWN);
    assert.equal(new Set(ids).size, 3);
    assert.equal((await bench.grpc('VaultService', 'keep', { thing: 'a' }, { requestId: 'given' })).requestId, 'given');
  });
});
