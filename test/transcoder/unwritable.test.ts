import assert from 'node:assert/strict';
import { Metadata, credentials, makeGenericClientConstructor, status } from '@grpc/grpc-js';
import type { Client, ServiceDefinition, ServiceError } from '@grpc/grpc-js';
import { after, before, describe, it } from 'mocha';
import { generateContract } from './contract.ts';
import { startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';

const METHOD = '/transcoder.v1.EdgeService/Show';

describe('an answer that cannot be written', () => {
  let transcoder: TestTranscoder;
  let client: Client;

  before(async () => {
    transcoder = await startTranscoder({ [METHOD]: async (request: object) => ({ ...request, anInt32: 'secret' }) });
    const definition = (await generateContract()).definitions.get('transcoder.v1.EdgeService') as unknown as ServiceDefinition;
    client = new (makeGenericClientConstructor(definition, 'EdgeService'))(transcoder.grpc, credentials.createInsecure());
  });
  after(async () => {
    client.close();
    await transcoder[Symbol.asyncDispose]();
  });

  function call(metadata: Metadata): Promise<ServiceError | null> {
    return new Promise((resolve) => void client.makeUnaryRequest(METHOD, (bytes: Buffer) => bytes, (bytes) => bytes, Buffer.alloc(0), metadata, (error) => resolve(error)));
  }

  it('is a fault of the service over both wires, in its own words, and the log tells', async () => {
    const answer = await transcoder.rest.send({ method: 'GET', target: '/edge/metadata', headers: [['X-Request-ID', 'r-1']] });
    assert.deepEqual([answer.status, answer.reason], [500, 'INTERNAL']);
    const metadata = new Metadata();
    metadata.set('x-request-id', 'r-1');
    const error = await call(metadata);
    assert.deepEqual([error?.code, error?.details, error?.metadata.get('x-request-id')], [status.INTERNAL, 'internal.', ['r-1']]);
    assert.doesNotMatch(answer.body + String(error), /secret|int32/);
    assert.deepEqual(transcoder.lines.map(({ msg, wire, reason }) => [msg, wire, reason]), [['call failed', 'rest', 'INTERNAL'], ['call failed', 'grpc', 'INTERNAL']]);
  });
});
