import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { after, before, beforeEach, describe, it } from 'mocha';
import { RightsBench } from './rights.ts';

const USE = { permission: 'things:use', project: 'mine' };
const IAM_401 = '{"error":{"code":401,"message":"iam unauthenticated.","title":"Unauthorized"}}';
const IAM_400 = '{"error":{"code":400,"message":"iam invalid.","title":"Bad"}}';
const TAKEN = '{"error":{"code":409,"message":"iam taken.","title":"Conflict"}}';

describe('the project whose rights count', () => {
  let bench: RightsBench;
  before(async () => void (bench = await RightsBench.start()));
  after(() => bench[Symbol.asyncDispose]());
  beforeEach(() => void bench.rights.asked.splice(0));

  it('is what the path has, in whichever binding', async () => {
    assert.equal((await bench.rest('POST', '/rights/mine/things/a', { body: '{}' })).body, '{"project":"mine","thing":"a","detail":{}}');
    assert.equal((await bench.rest('GET', '/rights/of/projects/p%2Fq/a')).body, '{"project":"projects/p%2Fq","thing":"a"}');
    assert.equal((await bench.rest('GET', '/rights/min%65/annex')).status, 200);
    assert.deepEqual(bench.rights.asked, [USE, { ...USE, project: 'projects/p%2Fq' }, { permission: '', project: 'mine' }]);
  });

  it('is what the message has, over gRPC', async () => {
    assert.equal((await bench.grpc('RightsService', 'use', { project: 'mine', thing: 'a' })).code, status.OK);
    assert.deepEqual(bench.rights.asked, [USE]);
    const unset = await bench.grpc('RightsService', 'use', { thing: 'a' });
    assert.deepEqual([unset.code, unset.details], [status.ALREADY_EXISTS, 'iam taken.'], 'a project that is not set is none of the caller');
    assert.deepEqual(bench.rights.asked.at(-1), { ...USE, project: '' });
  });

  it('is none where a method has no project_field', async () => {
    assert.equal((await bench.rest('GET', '/rights/vault/a')).status, 200);
    assert.deepEqual(bench.rights.asked, [{ permission: '', project: undefined }]);
  });

  it('decides before query, body and path are looked at', async () => {
    const wrong: readonly (readonly [string, string])[] = [
      ['/rights/other/things/a?nobody=1', '{}'],
      ['/rights/other/things/a?x=%FF', '{}'],
      ['/rights/other/things/a?project=mine', '{}'],
      ['/rights/other/things/a', '{'],
      ['/rights/other/things/A', '{"text":1}'],
    ];
    for (const [target, body] of wrong) {
      const answer = await bench.rest('POST', target, { body });
      assert.deepEqual([answer.status, answer.body], [409, TAKEN], target);
      const mine = await bench.rest('POST', target.replace('other', 'mine'), { body });
      assert.deepEqual([mine.status, mine.body], [400, IAM_400], target);
    }
    const other = await bench.grpc('RightsService', 'use', { project: 'other', thing: 'A' });
    assert.equal(other.code, status.ALREADY_EXISTS);
    assert.equal((await bench.grpc('RightsService', 'use', { project: 'mine', thing: 'A' })).code, status.INVALID_ARGUMENT);
  });

  it('cannot be replaced by the body or the query', async () => {
    for (const target of ['/rights/mine/things/a?project=other', '/rights/mine/things/a?project=mine']) {
      assert.equal((await bench.rest('POST', target, { body: '{}' })).status, 400, target);
    }
    const answer = await bench.rest('POST', '/rights/mine/things/a', { body: '{"project":"other"}' });
    assert.equal(answer.body, '{"project":"mine","thing":"a","detail":{}}');
  });

  it('is asked for once it is known who calls', async () => {
    for (const [target, body] of [['/rights/mine/things/a', '{}'], ['/rights/other/things/A?x=%FF', '{']] as const) {
      const answer = await bench.rest('POST', target, { token: 'wrong', body });
      assert.deepEqual([answer.status, answer.body], [401, IAM_401]);
    }
    assert.equal((await bench.grpc('RightsService', 'use', Buffer.of(0xff), { token: 'wrong' })).code, status.UNAUTHENTICATED);
    assert.deepEqual(bench.rights.asked, []);
  });

  for (const [name, bytes] of [['cut short', Buffer.of(0x0a, 9, 0x61)], ['no UTF-8', Buffer.of(0x0a, 1, 0xff)], ['a wrong wire type', Buffer.of(0x0f)]] as const) {
    it(`is not read from a message that is no protobuf: ${name}`, async () => {
      const answer = await bench.grpc('RightsService', 'use', bytes);
      assert.deepEqual([answer.code, answer.details], [status.INVALID_ARGUMENT, 'iam invalid.']);
      assert.deepEqual(bench.rights.asked, []);
    });
  }

  it('holds no U+0000, for rights are looked up by it', async () => {
    const answer = await bench.grpc('RightsService', 'use', { project: 'mine\0', thing: 'a' });
    assert.deepEqual([answer.code, answer.details], [status.INVALID_ARGUMENT, 'iam invalid.']);
    const rest = await bench.rest('POST', '/rights/mine%00/things/a', { body: '{}' });
    assert.deepEqual([rest.status, rest.body], [404, '{"error_code":"T.5","error_msg":"iotda not found."}'], 'over REST such a path is malformed');
    assert.deepEqual(bench.rights.asked, []);
  });
});

describe('a method that is grpc_only', () => {
  let bench: RightsBench;
  before(async () => void (bench = await RightsBench.start()));
  after(() => bench[Symbol.asyncDispose]());

  it('is served over gRPC', async () => {
    const answer = await bench.grpc('RightsService', 'check', { thing: 'a' });
    assert.deepEqual([answer.code, answer.message], [status.OK, { project: '', thing: 'a', detail: undefined, number: 0 }]);
    assert.equal((await bench.grpc('RightsService', 'check', { thing: 'A' })).code, status.INVALID_ARGUMENT, 'validated like any other');
  });

  for (const target of ['/transcoder.v1.RightsService/Check', '/rights/check', '/rights']) {
    it(`has no path over REST: ${target}`, async () => {
      for (const method of ['POST', 'GET']) assert.equal((await bench.rest(method, target, method === 'POST' ? { body: '{}' } : {})).status, 404);
    });
  }
});
