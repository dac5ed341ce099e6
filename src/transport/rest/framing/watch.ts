import type { Socket } from 'node:net';
import { Framing } from './framing.ts';

/**
 * Follows what a socket reads, before the HTTP server does that has taken it
 * over. From the first refused byte on the server's parser finds what is no
 * request, and stops there; a torrent closes the connection at once. `cut` hears
 * when the parser has dropped what is behind the last request.
 */
export function watchFraming(socket: Socket, cut: () => void): Framing {
  const framing = new Framing();
  socket.prependListener('data', (bytes: Buffer) => {
    const refused = framing.follow(bytes);
    if (framing.isCut) process.nextTick(cut);
    if (refused < 0) return;
    bytes.fill(0, framing.isTorrent ? 0 : refused);
    if (framing.isTorrent) socket.destroy();
  });
  return framing;
}
