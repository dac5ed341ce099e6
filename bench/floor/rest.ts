import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { openPool, rotate } from './rotation.ts';
import { serve } from './serve.ts';

/** The floor of a rotation over REST: one route, no matter which path. Its argument is the URL of its database. */
const pool = openPool(process.argv[2] ?? '');
const BODY = '{"Success":"Public key updated"}';

serve(
  createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      answer(request, Buffer.concat(chunks), response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
  }),
);

async function answer(request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
  const requestId = randomUUID();
  const { pop } = JSON.parse(body.toString()) as { pop: string };
  const jwt = request.headers.authorization ?? '';
  const rotated = await rotate(pool, { jwt, pop, requestId, peer: request.socket.remoteAddress ?? '' });
  if (!rotated) {
    response.writeHead(401).end();
    return;
  }
  response.writeHead(200, { 'X-Request-ID': requestId, 'Content-Type': 'application/json', 'Content-Length': BODY.length });
  response.end(BODY);
}
