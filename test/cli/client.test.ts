import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
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
    assert.match(failure.message, /^127\.0\.0\.1:\d+ did not answer in time; what was asked may have been done all the same$/);
    const [socket] = await connected;
    socket.destroy();
    server.close();
  });

  it('knows a gRPC server that is not Keyturn', async () => {
    const server = new GrpcServer();
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    const failure = await failureOf(`127.0.0.1:${port}`, 5000);
    assert.equal(failure.exitCode, 1);
    assert.equal(failure.message, `127.0.0.1:${port} is not Keyturn, an older version that lacks this call, or not its operator listener (KEYTURN_OPERATOR_LISTEN)`);
    server.forceShutdown();
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
