import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { openPool, rotate } from './rotation.ts';
import { serveBodies } from './serve.ts';

/** The floor of a rotation over REST: one route, no matter which path. Its argument is the URL of its database. */
const pool = openPool(process.argv[2] ?? '');
const BODY = '{"Success":"Public key updated"}';

serveBodies(answer);

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
