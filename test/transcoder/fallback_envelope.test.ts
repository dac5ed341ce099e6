import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { after, before, describe, it } from 'mocha';
import { ApiError } from '../../src/errors.ts';
import { FULL, RightsBench, TAKEN } from './rights.ts';

const iotda = (word: string, sentence: string): string => `{"error_code":"${word}","error_msg":"${sentence}"}`;
const gateway = (word: string, sentence: string, id: string): string => `{"error_code":"${word}","error_msg":"${sentence}","request_id":"${id}"}`;
const NOT_FOUND = iotda('T.5', 'iotda not found.');
const OWN_ID = /^[0-9a-f]{32}$/;

/** Throws what its request asks for. */
async function refuse({ thing, number }: { thing: string; number: number }): Promise<object> {
  if (thing === 'taken') throw new ApiError(TAKEN, 'asked for');
  if (thing === 'full') throw new ApiError(FULL, 'asked for', number === 0 ? {} : { number });
  throw new Error('asked for');
}

const HANDLERS = {
  '/transcoder.v1.RightsService/Use': refuse,
  '/transcoder.v1.VaultService/Keep': refuse,
} as never;

/** A request, and how it is refused; over gRPC too where it is no matter of HTTP. */
const ROWS: readonly { name: string; target: string; method?: string; token?: string; body?: string; want: [number, string]; grpc?: [number, string] }[] = [
  { name: 'a fault of its own', target: '/rights/mine/things/a', body: '{', want: [400, '{"error":{"code":400,"message":"iam invalid.","title":"Bad"}}'] },
  { name: 'a wrong token', target: '/rights/mine/things/a', token: 'wrong', want: [401, '{"error":{"code":401,"message":"iam unauthenticated.","title":"Unauthorized"}}'], grpc: [status.UNAUTHENTICATED, 'iam unauthenticated.'] },
  { name: 'a forged signature, of which the fallback alone knows', target: '/rights/mine/things/a', token: 'forged', want: [401, '{"error":{"code":401,"message":"iam unauthenticated.","title":"Unauthorized"}}'], grpc: [status.UNAUTHENTICATED, 'iam unauthenticated.'] },
  { name: 'an old token, of which no envelope knows', target: '/rights/mine/things/a', token: 'old', want: [401, '{"error":{"code":401,"message":"iam unauthenticated.","title":"Unauthorized"}}'], grpc: [status.UNAUTHENTICATED, 'iam unauthenticated.'] },
  { name: 'a forged signature where the envelope knows of it', target: '/rights/vault/a', method: 'GET', token: 'forged', want: [401, iotda('T.4', 'iotda signature.')] },
  { name: 'an old token where the envelope does not', target: '/rights/vault/a', method: 'GET', token: 'old', want: [401, iotda('T.3', 'iotda unauthenticated.')] },
  { name: 'a body that is too large', target: '/rights/mine/things/a', body: `"${'x'.repeat(2_000)}"`, want: [400, iotda('T.2', 'iotda invalid.')] },
  { name: 'an unknown path', target: '/rights/mine/nothing', want: [404, NOT_FOUND] },
  { name: 'another method', target: '/rights/mine/things/a', method: 'DELETE', want: [404, NOT_FOUND] },
  { name: 'a malformed path', target: '/rights/%FF/things/a', want: [404, NOT_FOUND] },
  { name: 'a target that is too long', target: `/rights/mine/things/${'x'.repeat(9_000)}`, want: [404, NOT_FOUND] },
  { name: 'a failure', target: '/rights/mine/things/a', body: '{}', want: [500, iotda('T.1', 'iotda failed.')], grpc: [status.INTERNAL, 'iotda failed.'] },
  { name: 'a reason of its own', target: '/rights/mine/things/taken', body: '{}', want: [409, '{"error":{"code":409,"message":"iam taken.","title":"Conflict"}}'], grpc: [status.ALREADY_EXISTS, 'iam taken.'] },
  { name: 'a reason of the fallback, with its number', target: '/rights/mine/things/full?number=7', body: '{}', want: [403, iotda('T.6', 'full at 7, which is 7.')], grpc: [status.RESOURCE_EXHAUSTED, 'full at 7, which is 7.'] },
  { name: 'a reason without the number of its sentence', target: '/rights/mine/things/full', body: '{}', want: [500, iotda('T.1', 'iotda failed.')], grpc: [status.INTERNAL, 'iotda failed.'] },
];

describe('an envelope with a fallback', () => {
  let bench: RightsBench;
  before(async () => void (bench = await RightsBench.start(HANDLERS)));
  after(() => bench[Symbol.asyncDispose]());

  for (const { name, target, method = 'POST', token, body, want, grpc } of ROWS) {
    it(`has its own form or that of the fallback: ${name}`, async () => {
      const given = token === undefined ? {} : { token };
      const answer = await bench.rest(method, target, { ...given, ...(body === undefined ? {} : { body }) });
      assert.deepEqual([answer.status, answer.body], want);
      if (grpc === undefined) return;
      const [, thing = ''] = /things\/(\w+)/.exec(target) ?? [];
      const number = Number(/number=(\d+)/.exec(target)?.[1] ?? 0);
      const call = await bench.grpc('RightsService', 'use', { project: 'mine', thing, number }, given);
      assert.deepEqual([call.code, call.details], grpc);
    });
  }

  it('has the challenge of its service in a 401', async () => {
    const answer = await bench.rest('POST', '/rights/mine/things/a', { token: 'wrong' });
    assert.deepEqual(answer.headers.get('www-authenticate'), ['Signature']);
  });
});

describe('the style of the gateway', () => {
  let bench: RightsBench;
  before(async () => void (bench = await RightsBench.start(HANDLERS, { style: 'gateway' })));
  after(() => bench[Symbol.asyncDispose]());

  for (const [name, target, token, word, sentence] of [
    ['words of its own', '/rights/vault/a', 'forged', 'G.4', 'gateway signature'],
    ['a word of its own alone', '/rights/mine/nothing', undefined, 'G.5', 'iotda not found.'],
    ['a sentence of its own alone, with its number', '/rights/vault/full?number=9', undefined, 'T.6', 'gateway full at 9.'],
    ['none of its own', '/rights/vault/a', 'wrong', 'T.3', 'iotda unauthenticated.'],
  ] as const) {
    it(`shows ${name}, and the request id`, async () => {
      const answer = await bench.rest('GET', target, token === undefined ? {} : { token });
      const [id = ''] = answer.headers.get('x-request-id') ?? [];
      assert.equal(answer.body, gateway(word, sentence, id));
    });
  }

  it('changes nothing over gRPC, nor in another envelope', async () => {
    const call = await bench.grpc('RightsService', 'use', { project: 'mine', thing: 'full', number: 3 });
    assert.equal(call.details, 'full at 3, which is 3.');
    const answer = await bench.rest('POST', '/rights/mine/things/taken', { body: '{}' });
    assert.equal(answer.body, '{"error":{"code":409,"message":"iam taken.","title":"Conflict"}}');
    assert.match(answer.headers.get('x-request-id')?.[0] ?? '', OWN_ID);
  });
});
