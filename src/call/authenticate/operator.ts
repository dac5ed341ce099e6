import { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import type { Clock } from '../../clock.ts';
import { FaultError } from '../../contract/fault.ts';
import { retryAfter } from '../allowance.ts';
import type { IncomingCall } from '../call.ts';
import type { Authenticator } from './authenticator.ts';
import { bearerOf } from './operator_token.ts';
import type { OperatorToken } from './operator_token.ts';
import type { OperatorPrincipal } from './principal.ts';

const OPERATOR: OperatorPrincipal = { kind: 'operator' };

/** The operator proves itself by its bearer token (RFC 6750 section 2.1). */
export class OperatorAuthenticator implements Authenticator<OperatorPrincipal> {
  readonly #token: OperatorToken;
  readonly #clock: Clock;

  constructor(token: OperatorToken, clock: Clock) {
    this.#token = token;
    this.#clock = clock;
  }

  async authenticate(call: IncomingCall): Promise<OperatorPrincipal> {
    const token = bearerOf(call.metadata.get('authorization'));
    if (token === undefined || !this.#token.is(token)) {
      throw new FaultError(Fault.FAULT_UNAUTHENTICATED, 'the operator token is missing or wrong');
    }
    return OPERATOR;
  }

  authorize(): void {}

  limit(): void {
    const wait = this.#token.take(this.#clock.now().getTime());
    if (wait > 0) throw new FaultError(Fault.FAULT_RATE_LIMITED, 'the operator calls too often', [], { metadata: retryAfter(wait) });
  }
}
