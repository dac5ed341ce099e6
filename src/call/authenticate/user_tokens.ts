import { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import type { Clock } from '../../clock.ts';
import { FaultError } from '../../contract/fault.ts';
import { tokenDigest } from '../../crypto/token.ts';
import type { ApplicationStore } from '../../db/application.ts';
import type { ApplicationPrincipal } from './principal.ts';

/** 32 random bytes as base64url. */
const FORM = /^[A-Za-z0-9_-]{43}$/;

/** The tokens that users get by contracts/iotda.md section 8. */
export class UserTokens {
  readonly #store: ApplicationStore;
  readonly #clock: Clock;

  constructor(store: ApplicationStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Whose token it is. Throws a FaultError. */
  async authenticate(token: string): Promise<ApplicationPrincipal> {
    const state = FORM.test(token) ? await this.#store.findToken(tokenDigest(token)) : undefined;
    if (state === undefined) throw new FaultError(Fault.FAULT_UNAUTHENTICATED, 'the token is not known or has ended');
    const { userId, projectId, domain, actions, expiresAt } = state;
    if (expiresAt.getTime() <= this.#clock.now().getTime()) throw new FaultError(Fault.FAULT_TOKEN_EXPIRED, 'the token has expired');
    return { kind: 'application', actor: `user:${userId}`, projectId, domain, actions: actions === null ? undefined : new Set(actions) };
  }
}
