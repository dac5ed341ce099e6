import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import { retryAfter } from '../../call/allowance.ts';
import { KeyedAllowance } from '../../call/keyed_allowance.ts';
import type { Clock } from '../../clock.ts';
import { ApiError } from '../../errors.ts';

/** Requests of which at most one can succeed, for as long as one of them runs. */
interface Attempt {
  running: number;
  hasSucceeded: boolean;
}

/** Tokens and renewals that one device may ask for in a minute. What fails afterwards is not counted. */
export class TokenRate {
  readonly #allowance: KeyedAllowance;
  readonly #clock: Clock;
  readonly #attempts = new Map<string, Attempt>();

  constructor(perMinute: number, clock: Clock) {
    this.#allowance = new KeyedAllowance(perMinute);
    this.#clock = clock;
  }

  /**
   * Runs what a device has asked for, or refuses it (TOKEN_RATE_LIMITED).
   * Requests with the same `name` count as one while they run together: of many
   * identical ones, one gets its token, and none takes the others' allowance.
   * `beforeRefusal` may refuse it for a reason that comes before the rate.
   */
  async within<T>(deviceId: string, name: string, work: () => Promise<T>, beforeRefusal?: () => Promise<void>): Promise<T> {
    const key = `${deviceId} ${name}`;
    const attempt = this.#attempts.get(key) ?? this.#begin(deviceId, key);
    if (typeof attempt === 'number') {
      await beforeRefusal?.();
      throw new ApiError(ErrorReason.ERROR_REASON_TOKEN_RATE_LIMITED, 'the device asks for tokens too often', { metadata: retryAfter(attempt) });
    }
    attempt.running += 1;
    try {
      const result = await work();
      attempt.hasSucceeded = true;
      return result;
    } finally {
      attempt.running -= 1;
      if (attempt.running === 0) this.#end(deviceId, key, attempt);
    }
  }

  /** A new attempt or, if the device has none left, how long until it has one, milliseconds. */
  #begin(deviceId: string, key: string): Attempt | number {
    const wait = this.#allowance.take(deviceId, this.#clock.now().getTime());
    if (wait > 0) return wait;
    const attempt = { running: 0, hasSucceeded: false };
    this.#attempts.set(key, attempt);
    return attempt;
  }

  #end(deviceId: string, key: string, { hasSucceeded }: Attempt): void {
    this.#attempts.delete(key);
    if (!hasSucceeded) this.#allowance.giveBack(deviceId, this.#clock.now().getTime());
  }
}
