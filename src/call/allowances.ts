import { Allowance } from './allowance.ts';

/** More callers than these are not remembered; the one that has not called for longest is forgotten. */
const MOST = 16_384;

/** So many events a minute, for each of many. */
export class Allowances {
  readonly #perMinute: number;
  /** Who called last stands last. */
  readonly #known = new Map<string, Allowance>();

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Takes one event. Returns milliseconds until it would be within the limit; 0: it is. */
  take(whose: string, now: number): number {
    const allowance = this.#known.get(whose) ?? new Allowance(this.#perMinute);
    this.#known.delete(whose);
    this.#known.set(whose, allowance);
    this.#forget();
    const wait = allowance.wait(now);
    if (wait === 0) allowance.take(now);
    return wait;
  }

  #forget(): void {
    if (this.#known.size <= MOST) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}
