import type { Connection } from './connection.ts';

/** Where a listener listens. Port 0 takes a free one. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What speaks a protocol over connections that were accepted. */
export interface Wire {
  /** Takes over a connection, TLS done. */
  take(connection: Connection): void;
  /** Serves on, but lets go of each connection after its next answer where the protocol can: one that came later could be cut off by `finish`. */
  drain(): void;
  /**
   * Takes no more calls: connections without a call are closed, calls in flight
   * finish and close theirs. May be called again.
   */
  finish(): void;
}
