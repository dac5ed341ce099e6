import assert from 'node:assert/strict';
import { Metadata, credentials, makeGenericClientConstructor, status } from '@grpc/grpc-js';
import type { ServiceDefinition, ServiceError } from '@grpc/grpc-js';
import { after, before, describe, it } from 'mocha';
import type { Call } from '../../src/call/call.ts';
import type { Answer } from '../wire/answer.ts';
import { generateContract } from './contract.ts';
import { WRONG_TOKEN, startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';

const METHOD = '/transcoder.v1.EdgeService/Show';
/** What the handler sets. */
let sets: readonly (readonly [name: string, value: string])[] = [];

async function show(request: object, call: Call): Promise<object> {
  for (const [name, value] of sets) call.setMetadata(name, value);
  return request;
}

/** What no handler may send. */
const REFUSED: typeof sets = [
  ...['a\r\nSet-Cookie: b', 'a\nb', 'a\rb', 'a\0b', 'caf\xe9', 'a\u0100', '\u{1F600}', 'a\tb', 'a\x7f'].map((value) => ['x-answer', value] as const),
  ['x-other', 'a'],
  ['X-Answer', 'a'],
  ['set-cookie', 'a=b'],
  ['content-length', '3'],
];

describe('response metadata as headers', () => {
  let transcoder: TestTranscoder;

  before(async () => {
    transcoder = await startTranscoder({ [METHOD]: show });
  });
  after(() => transcoder[Symbol.asyncDispose]());

  const get = (target = '/edge/metadata', token = 'right'): Promise<Answer> => transcoder.rest.send({ method: 'GET', target, headers: [['Authorization', `Bearer ${token}`]] });

  async function call(): Promise<{ error: ServiceError | null; metadata: Metadata }> {
    const definition = (await generateContract()).definitions.get('transcoder.v1.EdgeService') as unknown as ServiceDefinition;
    const client = new (makeGenericClientConstructor(definition, 'EdgeService'))(transcoder.grpc, credentials.createInsecure());
    let metadata = new Metadata();
    const error = await new Promise<ServiceError | null>((resolve) => {
      const unary = client.makeUnaryRequest(METHOD, (bytes: Buffer) => bytes, (bytes) => bytes, Buffer.alloc(0), (failed) => resolve(failed));
      unary.on('metadata', (received: Metadata) => (metadata = received));
    });
    client.close();
    return { error, metadata };
  }

  it('are those that the method lists, over both wires', async () => {
    sets = [['x-answer', 'a, b; "c" '], ['etag', '"1"'], ['x-answer', 'last']];
    const answer = await get();
    assert.deepEqual([answer.status, answer.headers.get('x-answer'), answer.headers.get('etag')], [200, ['last'], ['"1"']]);
    const { error, metadata } = await call();
    assert.deepEqual([error, metadata.get('x-answer'), metadata.get('etag')], [null, ['last'], ['"1"']]);
  });

  for (const set of REFUSED) {
    it(`a fault of the service, and no crash: ${JSON.stringify(set)}`, async () => {
      sets = [set];
      const answer = await get();
      assert.deepEqual([answer.status, answer.reason, answer.headers.get('set-cookie')], [500, 'INTERNAL', undefined]);
      assert.equal((await call()).error?.code, status.INTERNAL);
      sets = [];
      assert.equal((await get()).status, 200);
    });
  }

  it('a 401 has the challenge of its service, or plain Bearer', async () => {
    assert.deepEqual((await get('/edge/metadata', WRONG_TOKEN)).headers.get('www-authenticate'), ['Bearer realm="edge", Basic realm="edge"']);
    assert.deepEqual((await get('/echo', WRONG_TOKEN)).headers.get('www-authenticate'), ['Bearer realm="transcoder"']);
    assert.deepEqual((await get('/plain', WRONG_TOKEN)).headers.get('www-authenticate'), ['Bearer']);
    assert.equal((await get()).headers.get('www-authenticate'), undefined);
  });
});
