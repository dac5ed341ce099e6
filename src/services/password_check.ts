import { randomBytes } from 'node:crypto';
import { isPasswordOf } from '../crypto/device_password.ts';
import { placeOf } from '../crypto/key_ring.ts';
import type { KeyRing, Place, Sealed } from '../crypto/key_ring.ts';
import type { SecretSlotName } from '../secret_slot.ts';

/** The sealed secrets of a device. */
type Secrets = Readonly<Record<SecretSlotName, Sealed | undefined>>;

/** Of as many parts, and about as long, as that of a device's secret, because it is part of the work. */
const DECOY_PLACE: Place = ['decoy_of_secret', 'any-device-at-all', 'PRIMARY'];
const DECOY_BYTES = 16;

/** Compares passwords with the stored secrets of devices (contracts/iotda.md 10.1). */
export class PasswordCheck {
  readonly #keyRing: KeyRing;
  readonly #decoy: Sealed;

  constructor(keyRing: KeyRing) {
    this.#keyRing = keyRing;
    this.#decoy = keyRing.seal(DECOY_PLACE, randomBytes(DECOY_BYTES).toString('hex'));
  }

  /**
   * The secret that a password was made with, the primary before the
   * secondary. Two are opened and compared in any case: a decoy stands for
   * each that is missing, and fits nothing. Without `secrets` there is no such device.
   */
  match(deviceId: string, secrets: Secrets | undefined, hour: string, password: string): SecretSlotName | undefined {
    const isPrimary = this.#fits(deviceId, 'PRIMARY', secrets, hour, password);
    const isSecondary = this.#fits(deviceId, 'SECONDARY', secrets, hour, password);
    if (isPrimary) return 'PRIMARY';
    return isSecondary ? 'SECONDARY' : undefined;
  }

  #fits(deviceId: string, slot: SecretSlotName, secrets: Secrets | undefined, hour: string, password: string): boolean {
    const stored = secrets?.[slot];
    const place = stored === undefined ? DECOY_PLACE : placeOf.deviceSecret(deviceId, slot);
    const isEqual = isPasswordOf(this.#keyRing.open(place, stored ?? this.#decoy), hour, password);
    return isEqual && stored !== undefined;
  }
}
