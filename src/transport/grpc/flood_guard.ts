import type { Connection } from '../connection.ts';

/** Bytes that a connection may send without a call coming of them: once, and for each second. */
const CREDIT = { most: 4 << 20, perSecond: 64 << 10 };
/** Beside its message, what a call takes: its headers and the frames around both. */
const BYTES_OF_CALL = 24 << 10;
const INTERVAL = 1_000;

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
  readonly #flooded: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** `flooded` hears of each connection that was closed. */
  constructor(flooded: () => void) {
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
    for (const [{ socket }, account] of this.#accounts) {
      const { bytesRead } = socket;
      account.credit = Math.min(CREDIT.most, account.credit + CREDIT.perSecond - (bytesRead - account.seen));
      account.seen = bytesRead;
      if (account.credit >= 0) continue;
      this.#flooded();
      socket.destroy();
    }
  }
}
