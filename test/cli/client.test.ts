import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { Server as GrpcServer, ServerCredentials, status } from '@grpc/grpc-js';
import { describe, it } from 'mocha';
import { OperatorServiceService } from '../../gen/keyturn/v1/operator_service.ts';
import { Client } from '../../src/cli/client.ts';
import { Failure } from '../../src/cli/failure.ts';

describe('the client of the command line', () => {
  it('does not wait for ever for a service that is silent', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const connected = once(server, 'connection') as Promise<[Socket]>;
    const failure = await failureOf(addressOf(server), 300);
    assert.equal(failure.exitCode, 1);
    assert.match(failure.message, /^127\.0\.0\.1:\d+ takes connections but does not speak gRPC; give the gRPC listener of Keyturn$/);
    const [socket] = await connected;
    socket.destroy();
    server.close();
  });

  it('does not know what became of a call that a server does not answer', async () => {
    const server = new GrpcServer();
    server.addService({ getDevice: OperatorServiceService.getDevice }, { getDevice: (_call: unknown, answer: (error: object) => void) => setTimeout(() => answer({ code: status.ABORTED }), 1000) });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    const failure = await failureOf(`127.0.0.1:${port}`, 300);
    assert.deepEqual([failure.exitCode, failure.message], [1, `127.0.0.1:${port} did not answer in time; what was asked may have been done all the same`]);
    server.forceShutdown();
  });

  it('does not watch for ever what never connects', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const connected = once(server, 'connection') as Promise<[Socket]>;
    using client = new Client({ server: addressOf(server), tls: undefined, token: { value: 'token', source: 'the test' }, deadline: 300 });
    await assert.rejects(
      client.watch(OperatorServiceService.reencryptSecrets, {}).next(),
      (error) => error instanceof Failure && error.exitCode === 1 && error.message.endsWith(' takes connections but does not speak gRPC; give the gRPC listener of Keyturn'),
    );
    const [socket] = await connected;
    socket.destroy();
    server.close();
  });
});

async function failureOf(server: string, deadline: number): Promise<Failure> {
  using client = new Client({ server, tls: undefined, token: { value: 'token', source: 'the test' }, deadline });
  try {
    await client.ask(OperatorServiceService.getDevice, { deviceId: 'a' });
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('the call should have failed');
}

function addressOf(server: Server): string {
  const { address, port } = server.address() as AddressInfo;
  return `${address}:${port}`;
}
