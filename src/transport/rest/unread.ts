import type { ServerResponse } from 'node:http';

/** Answers at once whose callers do not take them; beyond them the connection of the oldest is closed. */
const MOST = 64;
/** How long one may stay, milliseconds. */
const PATIENCE = 30_000;
/** Until then a stream only waits for the network: many of them may at once. */
const USUAL = 1_000;

/**
 * Answers that were written and that the kernel did not take, for their callers
 * do not read: they stay in this process, and each holds its connection.
 */
export class UnreadAnswers {
  readonly #unread = new Set<ServerResponse>();

  /** An answer was written. Over TLS it takes a turn of the loop until the kernel has it. */
  written(response: ServerResponse): void {
    if (response.writableLength === 0) return;
    setImmediate(() => {
      if (response.writableLength === 0 || response.closed) return;
      const timer = setTimeout(() => response.req.socket.destroy(), PATIENCE).unref();
      this.#add(response);
      response.once('close', () => {
        clearTimeout(timer);
        this.#unread.delete(response);
      });
    });
  }

  /** A stream waits until its caller takes what was written. The result is to be called when it has. */
  waiting(response: ServerResponse): () => void {
    const late = setTimeout(() => this.#add(response), USUAL).unref();
    const timer = setTimeout(() => response.req.socket.destroy(), PATIENCE).unref();
    return () => {
      clearTimeout(late);
      clearTimeout(timer);
      this.#unread.delete(response);
    };
  }

  #add(response: ServerResponse): void {
    this.#unread.add(response);
    if (this.#unread.size <= MOST) return;
    const [oldest] = this.#unread;
    if (oldest === undefined) return;
    this.#unread.delete(oldest);
    oldest.req.socket.destroy();
  }
}
