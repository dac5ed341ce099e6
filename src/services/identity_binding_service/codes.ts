import { randomInt, timingSafeEqual } from 'node:crypto';
import { MOST_WRONG_TRIES } from '../../db/identity_job.ts';
import type { KeyedHash } from '../addresses/keyed_hash.ts';

/** How long a code counts, milliseconds (contracts/authentiq.md 7.2). */
export const CODE_LIFE = 600_000;
/** How far the clocks of two nodes may be apart, milliseconds. */
const SKEW = 60_000;
const CODES = 1_000_000;
const DIGITS = 6;

/** A code as it is stored. */
export interface KeptCode {
  readonly codeMac: Buffer;
  readonly wrongTries: number;
  readonly createdAt: Date;
  readonly codeExpiresAt: Date;
}

/** A code of six digits, each as likely as any other. */
export function newCode(): string {
  return String(randomInt(CODES)).padStart(DIGITS, '0');
}

/** Whether a text is a code that was sent; it takes as long whether it is or not. */
export function isCode(hash: KeyedHash, purpose: 'job' | 'revocation', subject: string, text: string, { codeMac }: KeptCode): boolean {
  return timingSafeEqual(hash.ofCode(purpose, subject, text), codeMac);
}

/**
 * Whether a code counts at all: it is in time, and not void. A clock that was set back must not give a code another life:
 * one that was made later than now does not count, but for the little by which the clocks of nodes differ.
 */
export function isOpen({ wrongTries, createdAt, codeExpiresAt }: KeptCode, now: Date): boolean {
  return wrongTries < MOST_WRONG_TRIES && now < codeExpiresAt && createdAt <= latestStart(now);
}

/** When a code that counts now was made at the latest. */
export function latestStart(now: Date): Date {
  return new Date(now.getTime() + SKEW);
}
