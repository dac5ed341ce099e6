import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http2';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { frame, readTextMessage, textMessage, unframe } from '../grpc_frame.ts';
import { openPool, rotate } from './rotation.ts';
import { serve } from './serve.ts';

/** The floor of a rotation over gRPC: one method, no matter which path. Its argument is the URL of its database. */
const pool = openPool(process.argv[2] ?? '');
const UPDATED = frame(textMessage('Public key updated'));
const OK = 0;
const UNAUTHENTICATED = 16;

const server = createServer();
server.on('stream', (stream, headers) => {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => {
    answer(stream, headers, Buffer.concat(chunks)).catch((error: unknown) => {
      stream.destroy(error instanceof Error ? error : undefined);
    });
  });
});
serve(server);

async function answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, body: Buffer): Promise<void> {
  const requestId = randomUUID();
  const pop = readTextMessage(unframe(body));
  const peer = stream.session?.socket.remoteAddress ?? '';
  const rotated = await rotate(pool, { jwt: headers.authorization ?? '', pop, requestId, peer });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': rotated ? OK : UNAUTHENTICATED }));
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'x-request-id': requestId }, { waitForTrailers: true });
  stream.end(rotated ? UPDATED : undefined);
}
