/** Attempts to send one message. */
export const MOST_ATTEMPTS = 10;
/** How long nobody else takes a message that is under way, milliseconds; longer than any attempt. */
export const LEASE = 60_000;
/** No attempt is due later than this, milliseconds: what is farther ahead was written by a clock that was set back since. */
export const FARTHEST = 180_000;

/** From one attempt to the next, milliseconds; the last one again and again. */
const WAITS = [1_000, 5_000, 15_000, 60_000, 120_000];
/** A wait is shorter or longer by up to this share, so that what has failed together is not tried together. */
const JITTER = 0.2;
const LONGEST = 150_000;

/** How long to wait after the failed attempt of this number, milliseconds; `asked`: at least this, as far as that is reasonable. */
export function waitAfter(attempt: number, asked = 0): number {
  const wait = WAITS[Math.min(attempt, WAITS.length) - 1] ?? 0;
  const jittered = wait * (1 + JITTER * (2 * Math.random() - 1));
  return Math.round(Math.max(jittered, Math.min(asked, LONGEST)));
}
