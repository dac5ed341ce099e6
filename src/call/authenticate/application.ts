import { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import type { Clock } from '../../clock.ts';
import { FaultError } from '../../contract/fault.ts';
import type { ApplicationStore } from '../../db/application.ts';
import { ApiError } from '../../errors.ts';
import type { IotdaSettings } from '../../settings.ts';
import { retryAfter } from '../allowance.ts';
import type { IncomingCall } from '../call.ts';
import type { Authenticator } from './authenticator.ts';
import { bearerOf } from './operator_token.ts';
import type { OperatorToken } from './operator_token.ts';
import type { ApplicationPrincipal } from './principal.ts';

export interface ApplicationAuthenticatorParts {
  readonly store: ApplicationStore;
  readonly operator: OperatorToken;
  readonly settings: IotdaSettings;
  readonly clock: Clock;
}

/**
 * An application proves itself by a request signature or a token
 * (contracts/iotda.md sections 8 and 9), the operator by its own token:
 * steps 3 and 4 of section 4.
 */
export class ApplicationAuthenticator implements Authenticator<ApplicationPrincipal> {
  readonly #parts: ApplicationAuthenticatorParts;

  constructor(parts: ApplicationAuthenticatorParts) {
    this.#parts = parts;
  }

  async authenticate(call: IncomingCall): Promise<ApplicationPrincipal> {
    const { operator, settings, clock } = this.#parts;
    const token = call.metadata.get('x-auth-token') ?? (call.wire === 'grpc' ? bearerOf(call.metadata.get('authorization')) : undefined);
    if (token === undefined || !settings.operatorToken || !call.takesOperator || !operator.is(token)) {
      throw new FaultError(Fault.FAULT_UNAUTHENTICATED, 'there is no token that is known');
    }
    const wait = operator.take(clock.now().getTime());
    if (wait > 0) throw new ApiError(ErrorReason.ERROR_REASON_IOTDA_THROTTLED, 'the operator calls too often', { metadata: retryAfter(wait) });
    return this.#operator(call);
  }

  async #operator(call: IncomingCall): Promise<ApplicationPrincipal> {
    const asked = call.project();
    const projectId = asked !== undefined && (await this.#parts.store.hasProject(asked)) ? asked : undefined;
    return { kind: 'application', actor: 'operator', projectId, domain: '', actions: undefined };
  }

  authorize({ projectId, actions }: ApplicationPrincipal, call: IncomingCall): void {
    const asked = call.project();
    if (asked !== undefined && asked !== projectId) {
      throw new ApiError(ErrorReason.ERROR_REASON_IOTDA_PERMISSION_DENIED, "the project is not one of the caller's");
    }
    const { instanceIds } = this.#parts.settings;
    const instanceId = call.metadata.get('instance-id');
    if (instanceIds.size > 0 && instanceId !== undefined && !instanceIds.has(instanceId)) {
      throw new ApiError(ErrorReason.ERROR_REASON_IOTDA_NOT_SUBSCRIBED, 'Instance-Id names no instance of this service');
    }
    const { permission } = call.method.rules;
    if (permission !== '' && actions !== undefined && !actions.has(permission)) {
      throw new ApiError(ErrorReason.ERROR_REASON_IOTDA_PERMISSION_DENIED, 'the caller may not do this');
    }
  }

  limit(): void {}
}
