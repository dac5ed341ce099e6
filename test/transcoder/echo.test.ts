import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';

const JSON_BODY = [['Content-Type', 'application/json']] as const;

describe('the contract of the transcoder tests', () => {
  let transcoder: TestTranscoder;

  before(async () => {
    transcoder = await startTranscoder();
  });
  after(() => transcoder[Symbol.asyncDispose]());

  it('answers what it was given, through bytes and ts-proto', async () => {
    const body = JSON.stringify({ aString: 'é', anInt64: '9007199254740993', inner: { id: 'i', tags: ['a', 'b'] }, labels: { k: 'v' } });
    const answer = await transcoder.rest.send({ method: 'POST', target: '/echo', headers: JSON_BODY, body });
    assert.deepEqual([answer.status, answer.body], [200, body]);
  });

  it('answers unknown paths in the envelope of the service that owns them', async () => {
    const mine = await transcoder.rest.send({ method: 'GET', target: '/unknown' });
    const other = await transcoder.rest.send({ method: 'GET', target: '/idp/unknown' });
    assert.deepEqual([mine.status, JSON.parse(mine.body).code], [404, 5]);
    assert.deepEqual([other.status, JSON.parse(other.body).error.code], [404, 404]);
  });
});
