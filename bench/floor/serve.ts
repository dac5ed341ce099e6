import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Listens on a free loopback port, says so on standard output, and ends the process at SIGTERM. */
export function serve(server: Server): void {
  server.listen(0, '127.0.0.1', () => announce((server.address() as AddressInfo).port));
}

/** Says on standard output where a server of the benchmark serves, and ends the process at SIGTERM. */
export function announce(port: number): void {
  process.stdout.write(`serving on ${port}\n`);
  process.on('SIGTERM', () => process.exit(0));
}

/** Serves one route over HTTP, no matter which path, by an answer to each request with its whole body. */
export function serveBodies(answer: (request: IncomingMessage, body: Buffer, response: ServerResponse) => Promise<void>): void {
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
}
