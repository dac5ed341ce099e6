import type { Connection } from './connection.ts';
import type { Wire } from './listener.ts';

/** How an HTTP/2 connection begins (RFC 9113 section 3.4); no HTTP/1.1 method does. */
const PREFACE = 'PRI';
/** How long a caller may take to say which protocol it speaks, milliseconds. */
const PATIENCE = 10_000;

/** Two wires on one listener: HTTP/2 is gRPC, HTTP/1.1 is REST, by ALPN or, without TLS, by the first bytes. */
export function bothWires(rest: Wire, grpc: Wire): Wire {
  const undecided = new Set<Connection>();
  return {
    take(connection) {
      const { socket } = connection;
      if ('alpnProtocol' in socket) return (socket.alpnProtocol === 'h2' ? grpc : rest).take(connection);
      undecided.add(connection);
      decide(connection, (isHttp2) => {
        undecided.delete(connection);
        if (isHttp2 !== undefined) (isHttp2 ? grpc : rest).take(connection);
      });
    },
    drain() {
      rest.drain();
      grpc.drain();
    },
    finish() {
      for (const { socket } of undecided) socket.destroy();
      rest.finish();
      grpc.finish();
    },
  };
}

/** Tells whether the connection begins as HTTP/2 does, and puts back what it read; undefined if it ends before that is clear. */
function decide({ socket }: Connection, tell: (isHttp2: boolean | undefined) => void): void {
  let start = Buffer.alloc(0);
  const onReadable = (): void => {
    const bytes: unknown = socket.read();
    if (!Buffer.isBuffer(bytes)) return;
    // Put back only at the end: a socket that is given its bytes back is readable again at once.
    start = Buffer.concat([start, bytes]);
    const text = start.toString('latin1', 0, PREFACE.length);
    if (text.length < PREFACE.length && PREFACE.startsWith(text)) return;
    socket.unshift(start);
    end(text === PREFACE);
  };
  const end = (isHttp2: boolean | undefined): void => {
    clearTimeout(timer);
    socket.off('readable', onReadable).off('close', onClose).off('error', ignore);
    tell(isHttp2);
  };
  const onClose = (): void => end(undefined);
  const timer = setTimeout(() => socket.destroy(), PATIENCE);
  socket.on('readable', onReadable).on('close', onClose).on('error', ignore);
}

/** The connection closes by itself after an error. */
function ignore(): void {}
