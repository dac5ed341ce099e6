import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import type { DeviceAuthRequest, DeviceAuthResponse } from '../../../gen/keyturn/v1/iot_device_service.ts';
import { retryAfter } from '../../call/allowance.ts';
import type { Call } from '../../call/call.ts';
import { KeyedAllowance } from '../../call/keyed_allowance.ts';
import type { Clock } from '../../clock.ts';
import { isAboutNow, isRealHour } from '../../crypto/device_password.ts';
import { newToken, tokenDigest } from '../../crypto/token.ts';
import type { DeviceAccess, DeviceAccessStore } from '../../db/device_access.ts';
import { ApiError } from '../../errors.ts';
import type { IotdaSettings } from '../../settings.ts';
import { originOf } from '../origin.ts';
import type { PasswordCheck } from '../password_check.ts';

/** How long a token lives, seconds. */
const LIFETIME = 86_399;
/** How long the token before lives on, milliseconds. */
const OVERLAP = 30_000;

export interface DeviceAuthParts {
  readonly store: DeviceAccessStore;
  readonly check: PasswordCheck;
  readonly settings: Pick<IotdaSettings, 'deviceRateLimit' | 'tenantRateLimit'>;
  readonly clock: Clock;
}

/** IotDeviceService.DeviceAuth: access tokens of devices, in the order of contracts/iotda.md 10.2. */
export class DeviceAuth {
  readonly #parts: DeviceAuthParts;
  readonly #ofDevice: KeyedAllowance | undefined;
  readonly #ofTenant: KeyedAllowance | undefined;

  constructor(parts: DeviceAuthParts) {
    const { deviceRateLimit, tenantRateLimit } = parts.settings;
    this.#parts = parts;
    this.#ofDevice = deviceRateLimit === undefined ? undefined : new KeyedAllowance(deviceRateLimit);
    this.#ofTenant = tenantRateLimit === undefined ? undefined : new KeyedAllowance(tenantRateLimit);
  }

  async authenticate(request: DeviceAuthRequest, call: Call): Promise<DeviceAuthResponse> {
    const { deviceId, signType, timestamp } = request;
    if ((signType !== 0 && signType !== 1) || !isRealHour(timestamp)) {
      throw new ApiError(ErrorReason.ERROR_REASON_IOTDA_INPUT_INVALID, 'sign_type is neither 0 nor 1, or timestamp is no hour');
    }
    const wait = this.#ofDevice?.take(deviceId, this.#parts.clock.now().getTime()) ?? 0;
    if (wait > 0) throw new ApiError(ErrorReason.ERROR_REASON_IOTDA_DEVICE_RATE_LIMITED, 'the device asks too often', { metadata: retryAfter(wait) });
    let isCharged = false;
    return this.#parts.store.settle(deviceId, (access) =>
      this.#attempt(access, request, call, (projectId) => {
        if (!isCharged) this.#chargeTenant(projectId);
        isCharged = true;
      }),
    );
  }

  /** Undefined if device or secret have changed since they were read. */
  async #attempt(access: DeviceAccess, request: DeviceAuthRequest, call: Call, charge: (projectId: string) => void): Promise<DeviceAuthResponse | undefined> {
    const { deviceId, signType, timestamp, password } = request;
    const { check, clock } = this.#parts;
    const origin = originOf(call, clock);
    const stored = await access.read(origin.at);
    if (stored !== undefined) charge(stored.projectId);
    const state = stored?.mayEnter === true ? stored : undefined;
    const slot = check.match(deviceId, state?.secrets, timestamp, password);
    const secret = slot && state?.secrets[slot];
    const isTimely = signType === 0 || isAboutNow(timestamp, origin.at);
    if (state === undefined || slot === undefined || secret === undefined || !isTimely) {
      throw new ApiError(ErrorReason.ERROR_REASON_IOTDA_UNAUTHENTICATED, 'the device is unknown, or its password or hour is wrong');
    }
    if (state.isFrozen) throw new ApiError(ErrorReason.ERROR_REASON_IOTDA_PERMISSION_DENIED, 'the device is frozen');
    const token = newToken();
    const at = origin.at.getTime();
    const isIssued = await access.issue({ slot, box: secret.box }, {
      version: state.version,
      tokenSha256: tokenDigest(token),
      expiresAt: new Date(at + LIFETIME * 1000),
      othersExpireAt: new Date(at + OVERLAP),
    }, origin);
    return isIssued ? { accessToken: token, expiresIn: LIFETIME } : undefined;
  }

  #chargeTenant(projectId: string): void {
    const { clock, settings } = this.#parts;
    const wait = this.#ofTenant?.take(projectId, clock.now().getTime()) ?? 0;
    if (wait === 0) return;
    const number = settings.tenantRateLimit ?? 0;
    throw new ApiError(ErrorReason.ERROR_REASON_IOTDA_TENANT_RATE_LIMITED, 'the devices of the project ask too often', { metadata: retryAfter(wait), number });
  }
}
