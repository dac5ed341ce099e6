import { Allowance } from './allowance.ts';

/** So many keys are remembered, each with up to some 300 bytes. */
const MOST_KEYS = 65_536;

/**
 * So many events a minute for each key, such as a device. Where there are more
 * keys than are remembered, the one unused longest begins anew.
 */
export class KeyedAllowance {
  readonly #perMinute: number;
  readonly #mostKeys: number;
  /** The one used last at the end. */
  readonly #allowances = new Map<string, Allowance>();

  constructor(perMinute: number, mostKeys = MOST_KEYS) {
    this.#perMinute = perMinute;
    this.#mostKeys = mostKeys;
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#allowances.size;
  }

  /** Takes one event of a key, unless it is not allowed. Returns milliseconds until it would be; 0: it was taken. */
  take(key: string, now: number): number {
    const allowance = this.#allowances.get(key) ?? new Allowance(this.#perMinute);
    this.#allowances.delete(key);
    this.#allowances.set(key, allowance);
    if (this.#allowances.size > this.#mostKeys) this.#forget();
    const wait = allowance.wait(now);
    if (wait === 0) allowance.take(now);
    return wait;
  }

  /** Undoes one event of a key that was taken and has not come to be. */
  giveBack(key: string, now: number): void {
    const allowance = this.#allowances.get(key);
    allowance?.giveBack();
    // What was never used must not push another key out.
    if (allowance?.isWhole(now) === true) this.#allowances.delete(key);
  }

  #forget(): void {
    for (const key of this.#allowances.keys()) {
      this.#allowances.delete(key);
      return;
    }
  }
}
