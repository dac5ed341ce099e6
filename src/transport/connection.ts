import type { Socket } from 'node:net';
import { newStanding } from '../call/call.ts';
import type { Standing } from '../call/call.ts';
import { networkOf } from '../network.ts';
import { plainAddress } from './peers.ts';

/** One accepted connection, as the wires see it. */
export class Connection {
  /** What is read and written: the TLS socket, once its handshake is done. */
  socket: Socket;
  /** The address at its other end. */
  readonly address: string;
  /** Address and port, which no other open connection of a listener has. */
  readonly name: string;
  /** Whose share of all connections it is counted to: the same rule as for the limits of calls. */
  readonly network: string;
  /** The same as the peer of its calls, unless a proxy makes them. */
  readonly #peer: string;
  readonly standing: Standing = newStanding();
  #calls = 0;
  readonly #changed: (connection: Connection) => void;

  /** `changed` hears when the connection begins to wait for its caller, and when it no longer does. */
  constructor(socket: Socket, changed: (connection: Connection) => void) {
    this.socket = socket;
    this.address = socket.remoteAddress ?? '';
    this.#peer = plainAddress(this.address);
    this.network = networkOf(this.#peer);
    this.name = `${this.address}:${socket.remotePort ?? 0}`;
    this.#changed = changed;
  }

  /** Whether nothing is worked on for it: the next move is the caller's. */
  get isWaiting(): boolean {
    return this.#calls === 0;
  }

  /** Whether its calls have succeeded so far. */
  get isProven(): boolean {
    return this.standing.successes > 0 && this.standing.refusals === 0;
  }

  /** Behind a proxy a connection tells nothing of those who call over it. */
  standingOf(peer: string): Standing {
    return peer === this.#peer ? this.standing : newStanding();
  }

  /** A call has come in whole and is worked on. */
  callBegins(): void {
    this.#calls += 1;
    if (this.#calls === 1) this.#changed(this);
  }

  /** Its answer is on the way, or the call was given up. */
  callEnds(): void {
    this.#calls -= 1;
    if (this.#calls === 0) this.#changed(this);
  }
}
