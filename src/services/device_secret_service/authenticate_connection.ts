import { SecretSlot } from '../../../gen/keyturn/v1/device_secret.ts';
import type { AuthenticateConnectionRequest, AuthenticateConnectionResponse } from '../../../gen/keyturn/v1/device_secret_service.ts';
import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import { retryAfter } from '../../call/allowance.ts';
import type { ApplicationPrincipal } from '../../call/authenticate/principal.ts';
import type { Call } from '../../call/call.ts';
import { KeyedAllowance } from '../../call/keyed_allowance.ts';
import type { Clock } from '../../clock.ts';
import { isAboutNow, parseClientId } from '../../crypto/device_password.ts';
import type { DeviceClientId } from '../../crypto/device_password.ts';
import type { AccessState, DeviceAccess, DeviceAccessStore } from '../../db/device_access.ts';
import { ApiError } from '../../errors.ts';
import type { SecretSlotName } from '../../secret_slot.ts';
import { originOf } from '../origin.ts';
import type { PasswordCheck } from '../password_check.ts';

/** CONNACK return codes (MQTT 3.1.1 section 3.2.2.3). */
const ACCEPTED = 0;
const IDENTIFIER_REJECTED = 2;
const SERVER_UNAVAILABLE = 3;
const BAD_USER_NAME_OR_PASSWORD = 4;
const NOT_AUTHORIZED = 5;

/** Decisions on one device in a minute, if no setting says otherwise. */
const USUAL_LIMIT = 600;
/** A last use is written anew once it is older, milliseconds. */
const USE_INTERVAL = 60_000;

const SLOTS = { PRIMARY: SecretSlot.SECRET_SLOT_PRIMARY, SECONDARY: SecretSlot.SECRET_SLOT_SECONDARY };

export interface ConnectionsParts {
  readonly store: DeviceAccessStore;
  readonly check: PasswordCheck;
  /** Decisions on one device in a minute; undefined: the usual limit. */
  readonly perMinute: number | undefined;
  readonly clock: Clock;
  /** Hears of each decision, and why if it could not be made. */
  readonly decided: (returnCode: number, requestId: string, error?: unknown) => void;
}

/** DeviceSecretService.AuthenticateConnection: the steps of contracts/iotda.md 10.1. */
export class Connections {
  readonly #parts: ConnectionsParts;
  readonly #allowances: KeyedAllowance;

  constructor(parts: ConnectionsParts) {
    this.#parts = parts;
    this.#allowances = new KeyedAllowance(parts.perMinute ?? USUAL_LIMIT);
  }

  async authenticate(request: AuthenticateConnectionRequest, call: Call): Promise<AuthenticateConnectionResponse> {
    const { decided } = this.#parts;
    const clientId = parseClientId(request.clientId);
    if (clientId !== undefined) this.#limit(clientId.deviceId, call);
    try {
      const answer = clientId === undefined ? refused(IDENTIFIER_REJECTED) : await this.#decide(clientId, request, call);
      decided(answer.returnCode, call.requestId);
      return answer;
    } catch (error) {
      decided(SERVER_UNAVAILABLE, call.requestId, error);
      return refused(SERVER_UNAVAILABLE);
    }
  }

  /** For each caller's devices on their own: nobody uses up what belongs to devices that it does not see. */
  #limit(deviceId: string, call: Call): void {
    const { actor, projectId = '' } = callerOf(call);
    const owner = actor === 'operator' ? actor : `project ${projectId}`;
    const wait = this.#allowances.take(`${owner} ${deviceId}`, this.#parts.clock.now().getTime());
    if (wait > 0) {
      throw new ApiError(ErrorReason.ERROR_REASON_IOTDA_DEVICE_RATE_LIMITED, 'the device connects too often', { metadata: retryAfter(wait) });
    }
  }

  async #decide(clientId: DeviceClientId, { userName, password }: AuthenticateConnectionRequest, call: Call): Promise<AuthenticateConnectionResponse> {
    const { deviceId, checksHour, hour } = clientId;
    if (userName !== deviceId) return refused(BAD_USER_NAME_OR_PASSWORD);
    if (checksHour && !isAboutNow(hour, this.#parts.clock.now())) return refused(BAD_USER_NAME_OR_PASSWORD);
    return this.#parts.store.settle(deviceId, (access) => this.#attempt(access, clientId, password, call));
  }

  /** Undefined if device or secret have changed since they were read. */
  async #attempt(access: DeviceAccess, { deviceId, hour }: DeviceClientId, password: string, call: Call): Promise<AuthenticateConnectionResponse | undefined> {
    const origin = originOf(call, this.#parts.clock);
    const state = seenBy(call, await access.read(origin.at));
    const slot = this.#parts.check.match(deviceId, state?.secrets, hour, password);
    const secret = slot && state?.secrets[slot];
    if (state === undefined || slot === undefined || secret === undefined) return refused(BAD_USER_NAME_OR_PASSWORD);
    if (state.isFrozen) return refused(NOT_AUTHORIZED);
    const isFresh = secret.lastUsedAt !== undefined && origin.at.getTime() - secret.lastUsedAt.getTime() < USE_INTERVAL;
    if ((!state.isActive || !isFresh) && !(await access.use({ slot, box: secret.box }, origin))) return undefined;
    return accepted(deviceId, state.projectId, slot);
  }
}

/** What of a device counts for its caller. */
function seenBy(call: Call, state: AccessState | undefined): AccessState | undefined {
  const { actor, projectId } = callerOf(call);
  if (state === undefined || !state.mayEnter) return undefined;
  return actor === 'operator' || projectId === state.projectId ? state : undefined;
}

function callerOf({ principal }: Call): ApplicationPrincipal {
  if (principal.kind !== 'application') throw new Error('AuthenticateConnection was called by someone who does not decide on connections');
  return principal;
}

function refused(returnCode: number): AuthenticateConnectionResponse {
  return { returnCode, deviceId: '', projectId: '', slot: SecretSlot.SECRET_SLOT_UNSPECIFIED };
}

function accepted(deviceId: string, projectId: string, slot: SecretSlotName): AuthenticateConnectionResponse {
  return { returnCode: ACCEPTED, deviceId, projectId, slot: SLOTS[slot] };
}
