import { createHash, timingSafeEqual } from 'node:crypto';
import { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import type { Clock } from '../../clock.ts';
import { FaultError } from '../../contract/fault.ts';
import { Allowance, retryAfter } from '../allowance.ts';
import type { IncomingCall } from '../call.ts';
import type { OperatorPrincipal } from './principal.ts';
import type { Authenticator } from './authenticator.ts';

const OPERATOR: OperatorPrincipal = { kind: 'operator' };

/** The operator proves itself by its bearer token (RFC 6750 section 2.1). */
export class OperatorAuthenticator implements Authenticator<OperatorPrincipal> {
  readonly #digest: Buffer;
  readonly #clock: Clock;
  readonly #calls: Allowance;

  constructor(token: string, callsPerMinute: number, clock: Clock) {
    this.#digest = digest(token);
    this.#clock = clock;
    this.#calls = new Allowance(callsPerMinute);
  }

  async authenticate(call: IncomingCall): Promise<OperatorPrincipal> {
    const token = /^bearer ([^ ]+)$/i.exec(call.metadata.get('authorization') ?? '')?.[1];
    // Digests have one length, so the comparison tells nothing about the token.
    if (token === undefined || !timingSafeEqual(digest(token), this.#digest)) {
      throw new FaultError(Fault.FAULT_UNAUTHENTICATED, 'the operator token is missing or wrong');
    }
    return OPERATOR;
  }

  authorize(): void {}

  limit(): void {
    const now = this.#clock.now().getTime();
    const wait = this.#calls.wait(now);
    if (wait > 0) throw new FaultError(Fault.FAULT_RATE_LIMITED, 'the operator calls too often', [], { metadata: retryAfter(wait) });
    this.#calls.take(now);
  }
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
