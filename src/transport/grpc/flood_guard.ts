import type { Connection } from '../connection.ts';

/** Bytes that a connection may send without a call coming of them: once, which is enough for a few messages that are too large, and for each second. */
const CREDIT = { most: 4 << 20, perSecond: 64 << 10 };
/** Bytes that all connections together may owe calls for: they may be parts of messages, which are kept. */
const MOST_OWED = 16 << 20;
/** Beside its message, what a call takes: its headers and the frames around both. */
const BYTES_OF_CALL = 24 << 10;
const INTERVAL = 200;

interface Account {
  credit: number;
  seen: number;
}

/**
 * Watches connections for what HTTP/2 lets a peer send without ever making a
 * call: pings, settings, resets, empty frames (CVE-2019-9512 and its kin,
 * CVE-2023-44487). Whatever its kind, it is bytes that no call came of; a
 * connection that sends too many of those is closed. Calls pay for themselves.
 */
export class FloodGuard {
  readonly #accounts = new Map<Connection, Account>();
  readonly #isReceiving: (connection: Connection) => boolean;
  readonly #flooded: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** `isReceiving` tells whether part of a request has come, whose bytes are still kept; `flooded` hears of each connection that was closed. */
  constructor(isReceiving: (connection: Connection) => boolean, flooded: () => void) {
    this.#isReceiving = isReceiving;
    this.#flooded = flooded;
  }

  add(connection: Connection): void {
    this.#accounts.set(connection, { credit: CREDIT.most, seen: connection.socket.bytesRead });
    connection.socket.once('close', () => this.#remove(connection));
    this.#timer ??= setInterval(() => this.#look(), INTERVAL).unref();
  }

  /** A call of so many bytes has come over the connection. */
  paid(connection: Connection, bytes: number): void {
    const account = this.#accounts.get(connection);
    if (account !== undefined) account.credit += bytes + BYTES_OF_CALL;
  }

  #remove(connection: Connection): void {
    this.#accounts.delete(connection);
    if (this.#accounts.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    let owed = 0;
    for (const [connection, account] of this.#accounts) {
      const { bytesRead } = connection.socket;
      const refill = this.#isReceiving(connection) ? 0 : (CREDIT.perSecond * INTERVAL) / 1_000;
      account.credit = Math.min(CREDIT.most, account.credit + refill - (bytesRead - account.seen));
      account.seen = bytesRead;
      if (account.credit < 0) this.#close(connection);
      else owed += CREDIT.most - account.credit;
    }
    if (owed > MOST_OWED) this.#closeDebtors(owed);
  }

  /** Those who owe most, until the rest owe little enough. */
  #closeDebtors(all: number): void {
    let owed = all;
    for (const [connection, { credit }] of [...this.#accounts].toSorted(([, a], [, b]) => a.credit - b.credit)) {
      if (owed <= MOST_OWED) return;
      owed -= CREDIT.most - credit;
      this.#close(connection);
    }
  }

  #close({ socket }: Connection): void {
    if (socket.destroyed) return;
    this.#flooded();
    socket.destroy();
  }
}
