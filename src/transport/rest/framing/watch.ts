import type { Duplex } from 'node:stream';
import { Framing } from './framing.ts';

/**
 * Follows what a socket reads, before the HTTP server does that has taken it
 * over. From the first refused byte on the server's parser finds what is no
 * request, and stops there; a torrent closes the connection at once. `stopped`
 * hears, once the parser has had the read, when bytes were refused or cut
 * off: of a request that offers another protocol the parser tells no error.
 */
export function watchFraming(socket: Duplex, stopped: () => void): Framing {
  const framing = new Framing();
  socket.prependListener('data', (bytes: Buffer) => {
    const refused = framing.follow(bytes);
    if (refused >= 0) bytes.fill(0, framing.isTorrent ? 0 : refused);
    if (framing.isTorrent) socket.destroy();
    else if (refused >= 0) process.nextTick(stopped);
  });
  return framing;
}
