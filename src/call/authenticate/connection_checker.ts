import { createHash, timingSafeEqual } from 'node:crypto';
import { Envelope, Fault } from '../../../gen/keyturn/options/v1/options.ts';
import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import type { Clock } from '../../clock.ts';
import { FaultError } from '../../contract/fault.ts';
import { ApiError } from '../../errors.ts';
import { retryAfter } from '../allowance.ts';
import type { IncomingCall } from '../call.ts';
import type { AccessKeys } from './access_keys.ts';
import type { Authenticator } from './authenticator.ts';
import { readBasic } from './basic.ts';
import { bearerOf } from './operator_token.ts';
import type { OperatorToken } from './operator_token.ts';
import type { ApplicationPrincipal } from './principal.ts';
import { mayCall } from './rights.ts';

/** What refuses a caller, in the words of the API that it calls. */
const REFUSALS: ReadonlyMap<Envelope, { readonly denied: ErrorReason; readonly throttled: ErrorReason }> = new Map([
  [Envelope.ENVELOPE_IOTDA, { denied: ErrorReason.ERROR_REASON_IOTDA_PERMISSION_DENIED, throttled: ErrorReason.ERROR_REASON_IOTDA_THROTTLED }],
  [Envelope.ENVELOPE_IOT_IDP, { denied: ErrorReason.ERROR_REASON_DEVICE_CHECK_NOT_ALLOWED, throttled: ErrorReason.ERROR_REASON_DEVICE_CHECK_RATE_LIMITED }],
  [Envelope.ENVELOPE_RPC_STATUS, { denied: ErrorReason.ERROR_REASON_PERMISSION_DENIED, throttled: ErrorReason.ERROR_REASON_RATE_LIMITED }],
]);

/** What decides on devices proves itself by the operator's token or by an access key with its secret key (RFC 7617). */
export class ConnectionCheckerAuthenticator implements Authenticator<ApplicationPrincipal> {
  readonly #accessKeys: AccessKeys;
  readonly #operator: OperatorToken;
  readonly #clock: Clock;

  constructor(accessKeys: AccessKeys, operator: OperatorToken, clock: Clock) {
    this.#accessKeys = accessKeys;
    this.#operator = operator;
    this.#clock = clock;
  }

  async authenticate(call: IncomingCall): Promise<ApplicationPrincipal> {
    const authorization = call.metadata.get('authorization') ?? '';
    const bearer = bearerOf(authorization);
    if (bearer !== undefined && this.#operator.is(bearer) && call.takesOperator) return this.#takeOperator(call);
    const credentials = readBasic(authorization);
    if (credentials === undefined) throw unauthenticated();
    const { secretKey, principal } = await this.#accessKeys.find(credentials.name);
    const matches = timingSafeEqual(digest(credentials.password), digest(secretKey));
    if (!matches || principal === undefined) throw unauthenticated();
    return { ...principal, asksForOthers: true };
  }

  authorize(principal: ApplicationPrincipal, call: IncomingCall): void {
    if (!mayCall(principal, call)) throw new ApiError(refusalsOf(call).denied, 'the access key does not have the action for this call');
  }

  limit(): void {}

  #takeOperator(call: IncomingCall): ApplicationPrincipal {
    const wait = this.#operator.take(this.#clock.now().getTime());
    if (wait > 0) throw new ApiError(refusalsOf(call).throttled, 'the operator calls too often', { metadata: retryAfter(wait) });
    return { kind: 'application', actor: 'operator', projectId: undefined, domain: '', actions: undefined, asksForOthers: true };
  }
}

function refusalsOf({ method }: IncomingCall): { readonly denied: ErrorReason; readonly throttled: ErrorReason } {
  const refusals = REFUSALS.get(method.service.rules.envelope);
  if (refusals === undefined) throw new Error(`${method.path} has a caller for whom its envelope has no refusals`);
  return refusals;
}

function digest(secretKey: Buffer): Buffer {
  return createHash('sha256').update(secretKey).digest();
}

function unauthenticated(): FaultError {
  return new FaultError(Fault.FAULT_UNAUTHENTICATED, 'the access key or its secret key is wrong');
}
