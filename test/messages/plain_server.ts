import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A server of plain sockets that does as it is told. Disposing of it closes it with its connections. */
export async function startPlainServer(greet: (socket: Socket) => void): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    greet(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Takes a mail in, and hangs up in the place of the answer to its end. */
export function hangUpAtTheEnd(socket: Socket): void {
  socket.write('220 here\r\n');
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    if (text.endsWith('\r\n.\r\n')) return socket.destroy();
    if (text.includes('\r\nSubject:') || !text.endsWith('\r\n')) return undefined;
    const isData = text.endsWith('DATA\r\n');
    return socket.write(isData ? '354 go on\r\n' : '250 fine\r\n');
  });
}
