import { timingSafeEqual } from 'node:crypto';
import { tokenDigest } from '../../crypto/token.ts';
import { Allowance } from '../allowance.ts';

/** The operator's token, and how often it may be used. */
export class OperatorToken {
  readonly #digest: Buffer;
  readonly #calls: Allowance;

  constructor(token: string, callsPerMinute: number) {
    this.#digest = tokenDigest(token);
    this.#calls = new Allowance(callsPerMinute);
  }

  /** Digests have one length, so the comparison tells nothing about the token. */
  is(token: string): boolean {
    return timingSafeEqual(tokenDigest(token), this.#digest);
  }

  /** Takes one call. Returns milliseconds until it would be within the limit; 0: it is. */
  take(now: number): number {
    const wait = this.#calls.wait(now);
    if (wait === 0) this.#calls.take(now);
    return wait;
  }
}

/** The token of a bearer value (RFC 6750 section 2.1). */
export function bearerOf(authorization: string | undefined): string | undefined {
  return /^bearer ([^ ]+)$/i.exec(authorization ?? '')?.[1];
}
