import { Fault } from '../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../contract/fault.ts';
import { hashPassword, verifyPassword } from '../crypto/password.ts';

/** Hashes that are worked on at once, for each takes 32 MiB, and that may wait for it. */
const AT_ONCE = 2;
const MOST_WAITING = 64;

/** Hashes and verifies passwords, a few at once. Rejects with a FaultError (FAULT_UNAVAILABLE) if too many wait for it. */
export class Passwords {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  hash(password: string): Promise<Buffer> {
    return this.#inTurn(() => hashPassword(password));
  }

  /** Whether it is the password that is stored. Undefined is nobody's, and costs the same. */
  verify(password: string, stored: Buffer | undefined): Promise<boolean> {
    return this.#inTurn(() => verifyPassword(password, stored));
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    await this.#enter();
    try {
      return await work();
    } finally {
      // Its place goes to the one that waits longest.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < AT_ONCE) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= MOST_WAITING) {
      throw new FaultError(Fault.FAULT_UNAVAILABLE, 'too many passwords wait to be checked', [], { metadata: { 'retry-after': '5' } });
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
