import { createHash, timingSafeEqual } from 'node:crypto';
import { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import type { Clock } from '../../clock.ts';
import { FaultError } from '../../contract/fault.ts';
import { ApiError } from '../../errors.ts';
import { retryAfter } from '../allowance.ts';
import type { IncomingCall } from '../call.ts';
import type { AccessKeys } from './access_keys.ts';
import type { Authenticator } from './authenticator.ts';
import { bearerOf } from './operator_token.ts';
import type { OperatorToken } from './operator_token.ts';
import type { ApplicationPrincipal } from './principal.ts';
import { checkPermission } from './rights.ts';

const BASIC = /^basic ([A-Za-z0-9+/]+={0,2})$/i;

/** What decides on connections proves itself by the operator's token or by an access key with its secret key (RFC 7617). */
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
    if (bearer !== undefined && this.#operator.is(bearer) && call.takesOperator) return this.#takeOperator();
    const credentials = readBasic(authorization);
    if (credentials === undefined) throw unauthenticated();
    const { secretKey, principal } = await this.#accessKeys.find(credentials.accessKey);
    const matches = timingSafeEqual(digest(credentials.secretKey), digest(secretKey));
    if (!matches || principal === undefined) throw unauthenticated();
    return principal;
  }

  authorize(principal: ApplicationPrincipal, call: IncomingCall): void {
    checkPermission(principal, call);
  }

  limit(): void {}

  #takeOperator(): ApplicationPrincipal {
    const wait = this.#operator.take(this.#clock.now().getTime());
    if (wait > 0) throw new ApiError(ErrorReason.ERROR_REASON_IOTDA_THROTTLED, 'the operator calls too often', { metadata: retryAfter(wait) });
    return { kind: 'application', actor: 'operator', projectId: undefined, domain: '', actions: undefined };
  }
}

/** The access key ends at the first colon. */
function readBasic(authorization: string): { accessKey: string; secretKey: Buffer } | undefined {
  const bytes = Buffer.from(BASIC.exec(authorization)?.[1] ?? '', 'base64');
  const colon = bytes.indexOf(':');
  const accessKey = bytes.toString('latin1', 0, Math.max(colon, 0));
  return /^[!-~]{1,128}$/.test(accessKey) ? { accessKey, secretKey: bytes.subarray(colon + 1) } : undefined;
}

function digest(secretKey: Buffer): Buffer {
  return createHash('sha256').update(secretKey).digest();
}

function unauthenticated(): FaultError {
  return new FaultError(Fault.FAULT_UNAUTHENTICATED, 'the access key or its secret key is wrong');
}
