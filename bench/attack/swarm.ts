import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Tally, Target } from './protocol.ts';

/** What one connection of a swarm does. */
export interface Behaviour {
  /** The connection is open. */
  readonly open: (socket: Socket) => void;
  readonly data?: (socket: Socket, chunk: Buffer) => void;
  /** Whether what comes is left unread. */
  readonly isDeaf?: boolean;
}

/** Connections that are opened at once; more would only wait in the kernel. */
const OPENING = 256;
const RETRY_MS = 20;

/** Holds so many connections open: one that is closed is opened again at once. */
export class Swarm {
  readonly #port: number;
  readonly #target: Target;
  readonly #tally: Tally;
  readonly #behaviour: Behaviour;
  #opening = 0;
  #missing: number;

  constructor(port: number, target: Target, tally: Tally, behaviour: Behaviour) {
    this.#port = port;
    this.#target = target;
    this.#tally = tally;
    this.#behaviour = behaviour;
    this.#missing = target.connections;
  }

  start(): void {
    this.#fill();
  }

  #fill(): void {
    while (this.#missing > 0 && this.#opening < OPENING) {
      this.#missing -= 1;
      this.#opening += 1;
      this.#open();
    }
  }

  #open(): void {
    const { open, data, isDeaf = false } = this.#behaviour;
    const { host, source } = this.#target;
    const socket = connect({ host, port: this.#port, localAddress: source, noDelay: true });
    let isOpen = false;
    socket.once('connect', () => {
      isOpen = true;
      this.#opening -= 1;
      this.#tally.connections += 1;
      this.#tally.open += 1;
      this.#fill();
      if (isDeaf) socket.pause();
      open(socket);
    });
    if (!isDeaf) socket.on('data', (chunk) => data?.(socket, chunk));
    // What closes without an end of ours was broken by the other side.
    socket.on('error', () => {
      this.#tally.broken += 1;
    });
    socket.once('close', () => {
      if (isOpen) this.#tally.open -= 1;
      else this.#opening -= 1;
      this.#missing += 1;
      if (isOpen) setImmediate(() => this.#fill());
      else setTimeout(() => this.#fill(), RETRY_MS);
    });
  }
}

/** Writes blocks as fast as they are taken, until the connection ends. */
export function pour(socket: Socket, block: () => Buffer): void {
  const write = (): void => {
    while (!socket.destroyed && socket.writable) if (!socket.write(block())) return;
  };
  socket.on('drain', write);
  write();
}
