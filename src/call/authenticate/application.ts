import { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import type { Clock } from '../../clock.ts';
import { FaultError } from '../../contract/fault.ts';
import { isRequestSignature } from '../../crypto/request_signature.ts';
import type { ApplicationStore } from '../../db/application.ts';
import { ApiError } from '../../errors.ts';
import type { IotdaSettings } from '../../settings.ts';
import { retryAfter } from '../allowance.ts';
import type { IncomingCall } from '../call.ts';
import { KeyedAllowance } from '../keyed_allowance.ts';
import type { AccessKeys } from './access_keys.ts';
import type { Authenticator } from './authenticator.ts';
import { bearerOf } from './operator_token.ts';
import type { OperatorToken } from './operator_token.ts';
import type { ApplicationPrincipal } from './principal.ts';
import { RequestSignatures } from './request_signatures.ts';
import { checkInstance, checkPermission, checkProject } from './rights.ts';
import { UserTokens } from './user_tokens.ts';

export interface ApplicationAuthenticatorParts {
  readonly store: ApplicationStore;
  readonly accessKeys: AccessKeys;
  readonly operator: OperatorToken;
  readonly settings: IotdaSettings;
  readonly clock: Clock;
}

/** The refusal that a method lists if its callers may be told to come back later. */
const THROTTLED = 'IOTDA_THROTTLED';

/**
 * An application proves itself by a request signature or a token
 * (contracts/iotda.md sections 8 and 9), the operator by its own token:
 * steps 3 and 4 of section 4.
 */
export class ApplicationAuthenticator implements Authenticator<ApplicationPrincipal> {
  readonly #parts: ApplicationAuthenticatorParts;
  readonly #signatures: RequestSignatures;
  readonly #tokens: UserTokens;
  readonly #calls: KeyedAllowance | undefined;

  constructor(parts: ApplicationAuthenticatorParts) {
    const { applicationRateLimit } = parts.settings;
    this.#parts = parts;
    this.#signatures = new RequestSignatures(parts);
    this.#tokens = new UserTokens(parts.store, parts.clock);
    this.#calls = applicationRateLimit === undefined ? undefined : new KeyedAllowance(applicationRateLimit);
  }

  async authenticate(call: IncomingCall): Promise<ApplicationPrincipal> {
    const authorization = call.metadata.get('authorization') ?? '';
    if (isRequestSignature(authorization)) return this.#throttled(call, await this.#signatures.authenticate(call, authorization));
    const bearer = call.wire === 'grpc' ? bearerOf(authorization) : undefined;
    const token = call.metadata.get('x-auth-token') ?? bearer;
    if (token === undefined) throw new FaultError(Fault.FAULT_UNAUTHENTICATED, 'there is neither a signature nor a token');
    if (this.#isOperators(token, call)) return this.#operator(call);
    if (token === bearer) throw new FaultError(Fault.FAULT_UNAUTHENTICATED, "the bearer token is not the operator's");
    return this.#throttled(call, await this.#tokens.authenticate(token));
  }

  authorize(principal: ApplicationPrincipal, call: IncomingCall): void {
    checkProject(principal, call);
    checkInstance(this.#parts.settings.instanceIds, call);
    checkPermission(principal, call);
  }

  limit(): void {}

  #isOperators(token: string, { takesOperator }: IncomingCall): boolean {
    const { operator, settings } = this.#parts;
    return operator.is(token) && settings.operatorToken && takesOperator;
  }

  async #operator(call: IncomingCall): Promise<ApplicationPrincipal> {
    const { store, operator, clock } = this.#parts;
    if (isThrottled(call)) refuseFor(operator.take(clock.now().getTime()));
    const asked = call.project();
    const projectId = asked !== undefined && (await store.hasProject(asked)) ? asked : undefined;
    return { kind: 'application', actor: 'operator', projectId, domain: '', actions: undefined };
  }

  #throttled(call: IncomingCall, principal: ApplicationPrincipal): ApplicationPrincipal {
    if (isThrottled(call)) refuseFor(this.#calls?.take(principal.actor, this.#parts.clock.now().getTime()) ?? 0);
    return principal;
  }
}

function isThrottled({ method }: IncomingCall): boolean {
  return method.rules.reasons.includes(THROTTLED);
}

/** `wait`: milliseconds; 0: the call is within the limit. */
function refuseFor(wait: number): void {
  if (wait > 0) throw new ApiError(ErrorReason.ERROR_REASON_IOTDA_THROTTLED, 'the caller calls too often', { metadata: retryAfter(wait) });
}
