import { randomUUID } from 'node:crypto';

const ACCEPTED = /^[A-Za-z0-9._~:+/=-]{1,128}$/;

/** The caller's id for its request if it has the accepted form (contracts/iothentix.md section 3), else a new UUID v4. */
export function requestIdOf(given: string | undefined): string {
  return given !== undefined && ACCEPTED.test(given) ? given : randomUUID();
}
