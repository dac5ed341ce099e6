import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import { IdentityState } from '../../../gen/keyturn/v1/identity.ts';
import type { Identity } from '../../../gen/keyturn/v1/identity.ts';
import type { GetIdentityRequest, GetIdentityResponse, RevokeIdentityRequest, RevokeIdentityResponse } from '../../../gen/keyturn/v1/operator_service.ts';
import type { Call } from '../../call/call.ts';
import type { Clock } from '../../clock.ts';
import type { IdentityStore, ShownIdentity } from '../../db/identity.ts';
import { ApiError } from '../../errors.ts';
import { originOf } from '../origin.ts';
import { toTimestamp } from './resources.ts';

const STATES = { REGISTERED: IdentityState.IDENTITY_STATE_REGISTERED, REVOKED: IdentityState.IDENTITY_STATE_REVOKED };

/** The calls of OperatorService that concern identity keys. */
export class Identities {
  readonly #store: IdentityStore;
  readonly #clock: Clock;

  constructor(store: IdentityStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async get({ pk }: GetIdentityRequest): Promise<GetIdentityResponse> {
    const identity = await this.#store.show(pk);
    if (identity === undefined) throw new ApiError(ErrorReason.ERROR_REASON_IDENTITY_NOT_FOUND, 'there is no such identity key');
    return { identity: toIdentity(identity) };
  }

  async revoke({ pk }: RevokeIdentityRequest, call: Call): Promise<RevokeIdentityResponse> {
    await this.#store.revoke(pk, 'operator', originOf(call, this.#clock));
    return this.get({ pk });
  }
}

function toIdentity({ pk, state, claimedPk, registeredAt, revokedAt, hasEmail, hasPhone, hasDevtoken }: ShownIdentity): Identity {
  return {
    pk,
    state: STATES[state],
    since: toTimestamp(registeredAt),
    revokedAt: revokedAt === null ? undefined : toTimestamp(revokedAt),
    hasEmail,
    hasPhone,
    hasDevtoken,
    claimedPk: claimedPk ?? '',
  };
}
