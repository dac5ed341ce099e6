import { randomInt, timingSafeEqual } from 'node:crypto';
import type { KeyedHash } from './keyed_hash.ts';

/** How long a code counts, milliseconds (contracts/authentiq.md 7.2). */
export const CODE_LIFE = 600_000;
/** How far the clocks of two nodes may be apart, milliseconds. */
const SKEW = 60_000;
const CODES = 1_000_000;
const DIGITS = 6;

/** What a code is for. */
export type CodePurpose = 'job' | 'revocation';

/** A code of six digits, each as likely as any other. */
export function newCode(): string {
  return String(randomInt(CODES)).padStart(DIGITS, '0');
}

/** Whether a text is the code whose keyed hash is `codeMac`; it takes as long whether it is or not. */
export function isCode(hash: KeyedHash, purpose: CodePurpose, subject: string, code: string, codeMac: Buffer): boolean {
  return timingSafeEqual(hash.ofCode(purpose, subject, code), codeMac);
}

/** When a code was made, and until when it counts. */
export interface CodeTimes {
  readonly createdAt: Date;
  readonly codeExpiresAt: Date;
}

/**
 * Whether a code counts by the clock. A clock that was set back must not give a code another life: one that was made later
 * than now counts for nothing, but for the little by which the clocks of nodes differ.
 */
export function isInTime({ createdAt, codeExpiresAt }: CodeTimes, now: Date): boolean {
  return now < codeExpiresAt && now.getTime() >= createdAt.getTime() - SKEW;
}
