import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

// The frames of HTTP/2 with which an answer is written (RFC 9113 section 6).
const [DATA, HEADERS, CONTINUATION] = [0x0, 0x1, 0x9];
const FRAME_HEADER = 9;

/** A relay before a gRPC server through which every call arrives and no answer comes back. */
export async function startAnswerlessRelay(target: string): Promise<AsyncDisposable & { readonly address: string }> {
  const [host = '', port = ''] = target.split(':');
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const service = connect(Number(port), host);
    for (const [socket, other] of [[client, service], [service, client]] as const) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => other.destroy());
    }
    client.pipe(service);
    withoutAnswers(service, client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Passes what keeps the connection alive: settings, windows, pings. */
function withoutAnswers(service: Socket, client: Socket): void {
  let rest: Buffer = Buffer.alloc(0);
  service.on('data', (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= FRAME_HEADER) {
      const end = FRAME_HEADER + rest.readUIntBE(0, 3);
      if (rest.length < end) return;
      if (![DATA, HEADERS, CONTINUATION].includes(rest.readUInt8(3))) client.write(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  });
}
