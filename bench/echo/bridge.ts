import { createServer } from 'node:http';
import { fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import { serve } from '../floor/serve.ts';
import { loadEcho } from './contract.ts';

/**
 * The least bridge: node:http with the JSON of protobuf-es and the messages of
 * ts-proto, which handlers take; no route, no pipeline, no log. Its argument is
 * the folder of the generated contract.
 */
const { contract, definition } = await loadEcho(process.argv[2] ?? '');
const desc = contract.services[0]?.methods[0]?.desc;
const method = Object.values(definition)[0];
if (desc === undefined || method === undefined) throw new Error('the contract of the echo has no method');
const { input, output } = desc;
const { requestDeserialize, responseSerialize } = method;

serve(
  createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const message = requestDeserialize(Buffer.from(toBinary(input, fromJson(input, JSON.parse(Buffer.concat(chunks).toString())))));
      const body = JSON.stringify(toJson(output, fromBinary(output, responseSerialize(message))));
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
      response.end(body);
    });
  }),
);
