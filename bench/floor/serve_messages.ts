import { createServer } from 'node:http2';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { unframe } from '../grpc_frame.ts';
import { serve } from './serve.ts';

/** A unary call as far as a floor looks at it. */
export interface FloorCall {
  readonly authorization: string;
  readonly message: Buffer;
  readonly peer: string;
}

/** The answer in its frame; undefined refuses the call. */
export interface FloorReply {
  readonly requestId: string;
  readonly framed: Buffer | undefined;
}

const OK = 0;
const UNAUTHENTICATED = 16;

/** Serves one method over gRPC, no matter which path, by an answer to each message. */
export function serveMessages(reply: (call: FloorCall) => Promise<FloorReply>): void {
  const server = createServer();
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      answer(stream, headers, Buffer.concat(chunks), reply).catch((error: unknown) => {
        stream.destroy(error instanceof Error ? error : undefined);
      });
    });
  });
  serve(server);
}

async function answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, body: Buffer, reply: (call: FloorCall) => Promise<FloorReply>): Promise<void> {
  const peer = stream.session?.socket.remoteAddress ?? '';
  const { requestId, framed } = await reply({ authorization: headers.authorization ?? '', message: unframe(body), peer });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': framed === undefined ? UNAUTHENTICATED : OK }));
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'x-request-id': requestId }, { waitForTrailers: true });
  stream.end(framed);
}
