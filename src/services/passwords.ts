import { availableParallelism } from 'node:os';
import { Fault } from '../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../contract/fault.ts';
import { hashPassword, verifyPassword } from '../crypto/password.ts';
import { networkOf } from '../network.ts';

/** Hashes that are worked on at once, for each takes 32 MiB, and a tenth of a second of a core: one is left to other calls. */
const AT_ONCE = Math.max(1, Math.min(2, availableParallelism() - 1));
/** Hashes that may wait: of one peer, so that there is room for its other calls, and of all. */
const MOST_WAITING = { ofPeer: 32, ofAll: 64 };

interface Waiter {
  readonly start: () => void;
  readonly drop: () => void;
}

/**
 * Hashes and verifies passwords, a few at once, peers in turn, so that nobody waits for all the wrong passwords of
 * another. Rejects with a FaultError (FAULT_UNAVAILABLE) if too many wait.
 */
export class Passwords {
  readonly #atOnce: number;
  #running = 0;
  #waiting = 0;
  /** What waits of each peer, in the order of their turns; none is empty. */
  readonly #queues = new Map<string, Waiter[]>();

  constructor(atOnce = AT_ONCE) {
    this.#atOnce = atOnce;
  }

  /** `peer`: the address of the caller. */
  hash(password: string, peer: string): Promise<Buffer> {
    return this.#inTurn(peer, () => hashPassword(password));
  }

  /** Whether it is the password that is stored. Undefined is nobody's, and costs the same. */
  verify(password: string, stored: Buffer | undefined, peer: string): Promise<boolean> {
    return this.#inTurn(peer, () => verifyPassword(password, stored));
  }

  async #inTurn<T>(peer: string, work: () => Promise<T>): Promise<T> {
    await this.#enter(networkOf(peer));
    try {
      return await work();
    } finally {
      // Its place goes to the peer whose turn it is.
      const next = this.#next();
      if (next === undefined) this.#running -= 1;
      else next.start();
    }
  }

  async #enter(network: string): Promise<void> {
    if (this.#running < this.#atOnce) {
      this.#running += 1;
      return;
    }
    const queue = this.#queues.get(network) ?? [];
    if (queue.length >= MOST_WAITING.ofPeer) throw tooMany(true);
    if (this.#waiting >= MOST_WAITING.ofAll) this.#makeRoom(queue.length);
    await new Promise<void>((start, reject) => {
      queue.push({ start, drop: () => reject(tooMany(true)) });
      this.#queues.set(network, queue);
      this.#waiting += 1;
    });
  }

  #next(): Waiter | undefined {
    for (const [network, queue] of this.#queues) {
      const waiter = queue.shift();
      // To the end of the line, if it has more.
      this.#queues.delete(network);
      if (queue.length > 0) this.#queues.set(network, queue);
      this.#waiting -= 1;
      return waiter;
    }
    return undefined;
  }

  /** Drops what came last of the peer with the most that waits; throws if that is not more than `waiting` and one. */
  #makeRoom(waiting: number): void {
    const longest = [...this.#queues.values()].reduce((one, other) => (other.length > one.length ? other : one), []);
    if (longest.length <= waiting + 1) throw tooMany(waiting > 0);
    longest.pop()?.drop();
    this.#waiting -= 1;
  }
}

function tooMany(isOfPeer: boolean): FaultError {
  return new FaultError(Fault.FAULT_UNAVAILABLE, 'too many passwords wait to be checked', [], { metadata: { 'retry-after': '5' }, isOfPeer });
}
