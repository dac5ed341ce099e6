import type { Socket } from 'node:net';

/** What one read may hold at most: ends of header sections, and of lines. */
const MOST = { heads: 16, lines: 1_024 };
/** A read up to this size cannot hold enough to matter. */
const HARMLESS = 2_048;

/**
 * Closes a connection that sends so many small requests, or so small chunks of
 * a body, that reading them would keep everybody waiting: node's parser takes a
 * whole read of 64 KiB at once, and cannot be stopped in the middle of it. Made
 * for sockets that an HTTP server has taken over.
 */
export function watchForTorrents(socket: Socket): void {
  socket.prependListener('data', (chunk: Buffer) => {
    if (chunk.length <= HARMLESS || !(has(chunk, '\r\n\r\n', MOST.heads) || has(chunk, '\r\n', MOST.lines))) return;
    // What the parser finds instead is no request, and it stops at the first byte.
    chunk.fill(0);
    socket.destroy();
  });
}

/** Whether a text is in there more than `most` times. */
function has(chunk: Buffer, text: string, most: number): boolean {
  let at = -text.length;
  for (let count = 0; count <= most; count += 1) {
    at = chunk.indexOf(text, at + text.length, 'latin1');
    if (at < 0) return false;
  }
  return true;
}
