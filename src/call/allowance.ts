const MINUTE = 60_000;

/**
 * So many events a minute: the first ones may come all at once, later ones as
 * the allowance refills, evenly (the generic cell rate algorithm of ATM).
 */
export class Allowance {
  readonly #interval: number;
  /** When it will be whole again, milliseconds since 1970. */
  #wholeAt = 0;

  constructor(perMinute: number) {
    this.#interval = MINUTE / perMinute;
  }

  /** Takes one event, allowed or not; what goes beyond the allowance is forgotten after a second. */
  take(now: number): void {
    this.#wholeAt = Math.min(Math.max(this.#left(now), now) + this.#interval, now + MINUTE + 1_000);
  }

  /** Undoes one `take` of something that has not come to be. */
  giveBack(): void {
    this.#wholeAt -= this.#interval;
  }

  /** Whether all of it is there. */
  isWhole(now: number): boolean {
    return this.#left(now) <= now;
  }

  /** How long until one more event is allowed, milliseconds; 0: now. */
  wait(now: number): number {
    return Math.max(0, this.#left(now) + this.#interval - now - MINUTE);
  }

  /** A clock that was set back must not lock anyone out. */
  #left(now: number): number {
    return this.#wholeAt > now + MINUTE + 1_000 + this.#interval ? now : this.#wholeAt;
  }
}

/** Whole seconds for Retry-After (RFC 9110 section 10.2.3), at least one. */
export function retryAfter(milliseconds: number): Readonly<Record<string, string>> {
  return { 'retry-after': String(Math.max(1, Math.ceil(milliseconds / 1000))) };
}
