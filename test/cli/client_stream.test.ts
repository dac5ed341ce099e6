import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { JsonObject } from '@bufbuild/protobuf';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { OperatorServiceService } from '../../gen/keyturn/v1/operator_service.ts';
import type { ReencryptSecretsResponse } from '../../gen/keyturn/v1/operator_service.ts';
import { Client } from '../../src/cli/client.ts';
import { Failure } from '../../src/cli/failure.ts';

type Call = ServerWritableStream<object, ReencryptSecretsResponse>;

/** A server that goes on as long as a test wants, and breaks off as no sound one does. */
describe('streams of the client of the command line', () => {
  let server: Server;
  let client: Client;
  let answer: (call: Call) => void;

  beforeEach(async () => {
    server = new Server();
    server.addService({ reencryptSecrets: OperatorServiceService.reencryptSecrets }, { reencryptSecrets: (call: Call) => answer(call) });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    client = new Client({ server: `127.0.0.1:${port}`, tls: undefined, token: { value: 'the-token', source: 'the test' } });
  });

  afterEach(() => {
    client[Symbol.dispose]();
    server.forceShutdown();
  });

  const watch = (): AsyncGenerator<JsonObject, void> => client.watch(OperatorServiceService.reencryptSecrets, {});

  it('yields each answer as REST shows it, and ends with the stream', async () => {
    let authorization: unknown;
    answer = (call) => {
      [authorization] = call.metadata.get('authorization');
      for (let done = 1; done <= 100; done += 1) call.write(answerOf(BigInt(done), 100n));
      call.end();
    };
    const answers: JsonObject[] = [];
    for await (const one of watch()) answers.push(one);
    assert.equal(authorization, 'Bearer the-token');
    assert.deepEqual(answers, Array.from({ length: 100 }, (_, index) => ({ done: String(index + 1), total: '100', unreadable: '0', unreadable_values: [] })));
  });

  it('yields what came before an error, and then tells of the error', async () => {
    answer = (call) => {
      call.write(answerOf(1n, 2n));
      call.emit('error', { code: status.INTERNAL, details: 'broken' });
    };
    const answers: JsonObject[] = [];
    await assert.rejects(
      async () => {
        for await (const one of watch()) answers.push(one);
      },
      (error) => error instanceof Failure && error.exitCode === 1 && error.message.endsWith('failed: INTERNAL: broken'),
    );
    assert.equal(answers.length, 1);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`ends without an error at ${signal}, and tells the service`, async () => {
      const before = process.listenerCount(signal);
      let cancelled: Promise<unknown> | undefined;
      answer = (call) => {
        cancelled = once(call, 'cancelled');
        call.write(answerOf(1n, 2n));
      };
      const answers: JsonObject[] = [];
      for await (const one of watch()) {
        answers.push(one);
        process.emit(signal);
      }
      assert.equal(answers.length, 1);
      await cancelled;
      assert.equal(process.listenerCount(signal), before);
    });
  }

  it('cancels the call when nobody reads on', async () => {
    const before = process.listenerCount('SIGTERM');
    let cancelled: Promise<unknown> | undefined;
    answer = (call) => {
      cancelled = once(call, 'cancelled');
      call.write(answerOf(1n, 2n));
    };
    for await (const one of watch()) {
      assert.equal(one['done'], '1');
      break;
    }
    await cancelled;
    assert.equal(process.listenerCount('SIGTERM'), before);
  });
});

function answerOf(done: bigint, total: bigint): ReencryptSecretsResponse {
  return { done, total, unreadable: 0n, unreadableValues: [] };
}
