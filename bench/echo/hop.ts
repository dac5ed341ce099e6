import { createServer } from 'node:http';
import { fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import type { DescMethod } from '@bufbuild/protobuf';
import { Client, Server, ServerCredentials, credentials } from '@grpc/grpc-js';
import type { UntypedHandleCall } from '@grpc/grpc-js';
import { serve } from '../floor/serve.ts';
import { loadEcho } from './contract.ts';
import type { MethodDefinition } from '../../test/support/generated.ts';

/** The echo by way of a gRPC call over loopback in this process, as gateways do it. Its argument is the folder of the generated contract. */
const { contract, definition } = await loadEcho(process.argv[2] ?? '');
const desc = contract.services[0]?.methods[0]?.desc;
const method = Object.values(definition)[0];
if (desc === undefined || method === undefined) throw new Error('the contract of the echo has no method');

const echo: UntypedHandleCall = (incoming: { request: object }, callback: (error: null, message: object) => void) => callback(null, incoming.request);
const call = await connect(method);
serve(
  createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      answer(desc, Buffer.concat(chunks))
        .then((body) => {
          response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
          response.end(body);
        })
        .catch((error: unknown) => response.writeHead(500).end(String(error)));
    });
  }),
);

async function answer({ input, output }: DescMethod, bytes: Buffer): Promise<string> {
  const message = toBinary(input, fromJson(input, JSON.parse(bytes.toString())));
  return JSON.stringify(toJson(output, fromBinary(output, await call(message))));
}

/** Starts a server of grpc-js and connects a client to it, which passes serialized messages. */
async function connect({ path, requestDeserialize, responseSerialize }: MethodDefinition): Promise<(message: Uint8Array) => Promise<Uint8Array>> {
  const server = new Server();
  server.register(path, echo, responseSerialize, requestDeserialize, 'unary');
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  return (message) =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest<Uint8Array, Uint8Array>(
        path, (bytes) => Buffer.from(bytes), (bytes) => bytes, message,
        (error, answered) => (answered === undefined ? reject(error ?? new Error('no answer')) : resolve(answered)),
      );
    });
}
