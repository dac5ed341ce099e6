import type { Socket } from 'node:net';
import { Connection } from './connection.ts';

/** Why a connection was closed before its caller wanted it: for room, or because there was none to be made. */
export type Cut = 'evicted' | 'refused';

/** A peer may hold this share of all connections before newcomers of its own push out its own. */
const SHARE = 1 / 8;

/**
 * The open connections of a listener, at most `most`. A newcomer always gets in
 * as long as one waits for its caller, idle or slow: the one that has waited
 * longest has to go, of the newcomer's own peer if that holds more than its
 * share, and rather one over which nothing has succeeded yet. So nobody keeps others out by holding connections open.
 */
export class Connections {
  readonly #most: number;
  readonly #cut: (cut: Cut) => void;
  readonly #open = new Set<Connection>();
  /** The newest of each name: a peer may come back from the same port before the end of its last connection is noticed. */
  readonly #byName = new Map<string, Connection>();
  /** In the order in which they began to wait. */
  readonly #waiting = new Set<Connection>();
  readonly #byNetwork = new Map<string, Set<Connection>>();
  #onEmpty: (() => void) | undefined;

  /** `cut` is told of each connection that had to go. */
  constructor(most: number, cut: (cut: Cut) => void) {
    this.#most = most;
    this.#cut = cut;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Takes in a new socket, or destroys it and returns undefined if its peer has gone already or there is no room to be made. */
  add(socket: Socket): Connection | undefined {
    if (socket.remoteAddress === undefined) {
      socket.destroy();
      return undefined;
    }
    const connection = new Connection(socket, (changed) => this.#change(changed));
    if (this.#open.size >= this.#most && !this.#evictFor(connection.network)) {
      this.#cut('refused');
      socket.destroy();
      return undefined;
    }
    this.#open.add(connection);
    this.#byName.set(connection.name, connection);
    const siblings = this.#byNetwork.get(connection.network);
    if (siblings === undefined) this.#byNetwork.set(connection.network, new Set([connection]));
    else siblings.add(connection);
    this.#waiting.add(connection);
    socket.once('close', () => this.#remove(connection));
    return connection;
  }

  /** The connection of a socket, or of the socket below it. */
  find(socket: Socket): Connection | undefined {
    return this.#byName.get(`${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`);
  }

  /** Resolves when none is left. */
  empty(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  destroyAll(): void {
    for (const { socket } of this.#open) socket.destroy();
  }

  #change(connection: Connection): void {
    if (!connection.isWaiting || !this.#open.has(connection)) {
      this.#waiting.delete(connection);
      return;
    }
    this.#waiting.add(connection);
    // Last in line again among those of its own network.
    const siblings = this.#byNetwork.get(connection.network);
    siblings?.delete(connection);
    siblings?.add(connection);
  }

  #evictFor(network: string): boolean {
    const own = this.#byNetwork.get(network);
    const isLarge = own !== undefined && own.size > this.#most * SHARE;
    const evicted = (isLarge ? firstWaiting(own) : undefined) ?? firstWaiting(this.#waiting) ?? firstRefused(own ?? []) ?? firstRefused(this.#open);
    if (evicted === undefined) return false;
    this.#cut('evicted');
    this.#remove(evicted);
    evicted.socket.destroy();
    return true;
  }

  #remove(connection: Connection): void {
    if (!this.#open.delete(connection)) return;
    if (this.#byName.get(connection.name) === connection) this.#byName.delete(connection.name);
    this.#waiting.delete(connection);
    const siblings = this.#byNetwork.get(connection.network);
    siblings?.delete(connection);
    if (siblings?.size === 0) this.#byNetwork.delete(connection.network);
    if (this.#open.size === 0) this.#onEmpty?.();
  }
}

/** The call that is worked on for it is cut short: that peer's calls over it were refused before. */
function firstRefused(connections: Iterable<Connection>): Connection | undefined {
  for (const connection of connections) if (connection.standing.refusals > 0) return connection;
  return undefined;
}

/** Those over which calls have succeeded, and none was refused, go last. */
function firstWaiting(connections: Iterable<Connection>): Connection | undefined {
  let spare: Connection | undefined;
  for (const connection of connections) {
    if (!connection.isWaiting) continue;
    if (!connection.isProven) return connection;
    spare ??= connection;
  }
  return spare;
}
