import { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import type { Clock } from '../../clock.ts';
import { FaultError } from '../../contract/fault.ts';
import { readPublicKey } from '../../crypto/public_key.ts';
import type { PublicKey } from '../../crypto/public_key.ts';
import type { RotationLimit, RotationState, RotationStore } from '../../db/rotation.ts';
import { ApiError } from '../../errors.ts';
import type { IothentixSettings } from '../../settings.ts';
import type { IncomingCall } from '../call.ts';
import type { DeviceUpdatePrincipal } from './principal.ts';
import type { Authenticator } from './authenticator.ts';
import { readDeviceJwt } from './device_jwt.ts';
import type { DeviceJwt } from './device_jwt.ts';
import { isSignedBy } from './device_jwt_check.ts';
import { mayRepeat } from './retry_rule.ts';

const HOUR = 3_600_000;

/**
 * A device proves itself by its update JWT: steps 3 to 9 of
 * contracts/iothentix.md 7.1. Every refusal of an identity costs one look-up
 * and one signature check and looks the same.
 */
export class DeviceUpdateJwtAuthenticator implements Authenticator<DeviceUpdatePrincipal> {
  readonly #rotations: RotationStore;
  readonly #settings: IothentixSettings;
  readonly #clock: Clock;

  constructor(rotations: RotationStore, settings: IothentixSettings, clock: Clock) {
    this.#rotations = rotations;
    this.#settings = settings;
    this.#clock = clock;
  }

  async authenticate(call: IncomingCall): Promise<DeviceUpdatePrincipal> {
    const now = this.#clock.now();
    const jwt = readDeviceJwt(call.metadata.get('authorization'), this.#settings.algorithms, now);
    if (typeof jwt === 'string') throw unauthenticated(jwt);
    const key = { deviceId: jwt.deviceId, jwtSha256: jwt.jws.sha256, jti: jwt.jti };
    const state = await this.#rotations.read(key, this.#limitAt(now));
    if (state?.committed !== undefined) return this.#repeat(jwt, state, state.committed.replacedSpki);
    const currentKey = read(state?.currentSpki);
    if (!(await isSignedBy(jwt, currentKey))) throw unauthenticated('the JWT does not verify with a registered key');
    if (state === undefined || currentKey === undefined) throw unauthenticated('there is no such device or it has no key');
    if (state.jtiUsed) throw unauthenticated('the jti was used before');
    return principal(jwt, currentKey, state, false);
  }

  /** The JWT was spent: from here on there are two answers only, the same success again or E401 (7.3). */
  async #repeat(jwt: DeviceJwt, state: RotationState, replacedSpki: Buffer): Promise<DeviceUpdatePrincipal> {
    const verified = await isSignedBy(jwt, read(replacedSpki));
    const currentKey = read(state.currentSpki);
    if (!verified || currentKey === undefined || !mayRepeat(state, this.#settings)) {
      throw unauthenticated('the JWT was spent, and its success cannot be repeated');
    }
    return principal(jwt, currentKey, state, true);
  }

  authorize(device: DeviceUpdatePrincipal): void {
    if (device.frozen) throw new ApiError(ErrorReason.ERROR_REASON_DEVICE_FROZEN, 'the device is frozen');
    if (!device.updatesAllowed) {
      throw new ApiError(ErrorReason.ERROR_REASON_KEY_UPDATES_NOT_ALLOWED, 'the device may not update its key');
    }
  }

  limit(device: DeviceUpdatePrincipal): void {
    if (device.limitedUntil === undefined || device.spent) return;
    const seconds = Math.max(1, Math.ceil((device.limitedUntil.getTime() - this.#clock.now().getTime()) / 1000));
    throw new ApiError(ErrorReason.ERROR_REASON_ROTATION_RATE_LIMITED, 'the device has used up its rotations of this hour', {
      metadata: { 'retry-after': String(seconds) },
    });
  }

  #limitAt(now: Date): RotationLimit | undefined {
    const count = this.#settings.rotationsPerHour;
    return count === undefined ? undefined : { count, since: new Date(now.getTime() - HOUR) };
  }
}

function read(spki: Buffer | undefined): PublicKey | undefined {
  return spki && readPublicKey(spki);
}

function principal(jwt: DeviceJwt, currentKey: PublicKey, state: RotationState, spent: boolean): DeviceUpdatePrincipal {
  const { frozen, updatesAllowed, limitReachedBy } = state;
  return {
    kind: 'device_update',
    deviceId: jwt.deviceId,
    jwt: jwt.jws,
    jti: jwt.jti,
    currentKey,
    spent,
    frozen,
    updatesAllowed,
    limitedUntil: limitReachedBy && new Date(limitReachedBy.getTime() + HOUR),
    contentFault: spent ? Fault.FAULT_UNAUTHENTICATED : undefined,
  };
}

function unauthenticated(detail: string): FaultError {
  return new FaultError(Fault.FAULT_UNAUTHENTICATED, detail);
}
