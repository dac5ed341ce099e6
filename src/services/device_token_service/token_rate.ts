import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import { retryAfter } from '../../call/allowance.ts';
import { KeyedAllowance } from '../../call/keyed_allowance.ts';
import type { Clock } from '../../clock.ts';
import { ApiError } from '../../errors.ts';

/** What a device has asked for: a token for a JWT of its key, or one in renewal of another. */
type Kind = 'issue' | 'renewal';

/** Requests of which at most one can succeed, for as long as one of them runs. */
interface Attempt {
  running: number;
  hasSucceeded: boolean;
  /** What is given back if none has. */
  readonly taken: readonly KeyedAllowance[];
}

/**
 * Tokens and renewals that one device may ask for in a minute. What fails
 * afterwards is not counted. Renewals count with the tokens that the key has
 * bought, but not the other way round: whoever has stolen a token may renew it
 * as often as can be, and the device still gets one with its key.
 */
export class TokenRate {
  readonly #issues: KeyedAllowance;
  readonly #all: KeyedAllowance;
  readonly #clock: Clock;
  readonly #attempts = new Map<string, Attempt>();

  constructor(perMinute: number, clock: Clock) {
    this.#issues = new KeyedAllowance(perMinute);
    this.#all = new KeyedAllowance(perMinute);
    this.#clock = clock;
  }

  /**
   * Runs what a device has asked for, or refuses it (TOKEN_RATE_LIMITED).
   * Requests with the same `name` count as one while they run together: of many
   * identical ones, one gets its token, and none takes the others' allowance.
   * `beforeRefusal` may refuse it for a reason that comes before the rate.
   */
  async within<T>(deviceId: string, kind: Kind, name: string, work: () => Promise<T>, beforeRefusal?: () => Promise<void>): Promise<T> {
    const key = `${deviceId} ${kind} ${name}`;
    const attempt = this.#attempts.get(key) ?? this.#begin(deviceId, kind, key);
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
  #begin(deviceId: string, kind: Kind, key: string): Attempt | number {
    const now = this.#clock.now().getTime();
    const own = kind === 'issue' ? this.#issues : this.#all;
    const wait = own.take(deviceId, now);
    if (wait > 0) return wait;
    const isInAll = kind === 'issue' && this.#all.take(deviceId, now) === 0;
    const attempt = { running: 0, hasSucceeded: false, taken: isInAll ? [own, this.#all] : [own] };
    this.#attempts.set(key, attempt);
    return attempt;
  }

  #end(deviceId: string, key: string, { hasSucceeded, taken }: Attempt): void {
    this.#attempts.delete(key);
    if (hasSucceeded) return;
    for (const allowance of taken) allowance.giveBack(deviceId, this.#clock.now().getTime());
  }
}
