import { randomBytes, randomUUID } from 'node:crypto';
import type { ServiceRules } from '../../gen/keyturn/options/v1/options.ts';

const ACCEPTED = /^[A-Za-z0-9._~:+/=-]{1,128}$/;

/**
 * The caller's id for its request if it has the accepted form
 * (contracts/iothentix.md section 3), else a new UUID v4. A service may always
 * want ids of its own (contracts/iotda.md section 3).
 */
export function requestIdOf(given: string | undefined, { ownRequestIds }: Pick<ServiceRules, 'ownRequestIds'>): string {
  if (ownRequestIds) return randomBytes(16).toString('hex');
  return given !== undefined && ACCEPTED.test(given) ? given : randomUUID();
}
