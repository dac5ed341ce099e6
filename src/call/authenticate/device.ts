import { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import { FaultError } from '../../contract/fault.ts';
import { ApiError } from '../../errors.ts';
import type { IncomingCall } from '../call.ts';
import type { Authenticator } from './authenticator.ts';
import type { DeviceJwtCheck } from './device_jwt_check.ts';
import type { DevicePrincipal } from './principal.ts';

/** A device proves itself by its authentication JWT (contracts/iothentix.md 8.1). */
export class DeviceAuthenticator implements Authenticator<DevicePrincipal> {
  readonly #check: DeviceJwtCheck;

  constructor(check: DeviceJwtCheck) {
    this.#check = check;
  }

  async authenticate(call: IncomingCall): Promise<DevicePrincipal> {
    const signer = await this.#check.check(call.metadata.get('authorization'));
    if (typeof signer === 'string') throw new FaultError(Fault.FAULT_UNAUTHENTICATED, signer);
    return { kind: 'device', ...signer };
  }

  authorize({ frozen }: DevicePrincipal): void {
    if (frozen) throw new ApiError(ErrorReason.ERROR_REASON_DEVICE_FROZEN, 'the device is frozen');
  }

  limit(): void {}
}
