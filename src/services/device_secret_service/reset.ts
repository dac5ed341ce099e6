import { ResetDeviceSecretResponse } from '../../../gen/keyturn/v1/device_secret_service.ts';
import type { ResetDeviceSecretRequest } from '../../../gen/keyturn/v1/device_secret_service.ts';
import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import type { Call } from '../../call/call.ts';
import { readIdempotencyKey } from '../../call/idempotency_key.ts';
import type { Clock } from '../../clock.ts';
import { isHexadecimal, newDeviceSecret } from '../../crypto/device_secret.ts';
import { placeOf } from '../../crypto/key_ring.ts';
import type { KeyRing } from '../../crypto/key_ring.ts';
import { RESET_ACTION } from '../../db/device_secret.ts';
import type { DeviceSecretStore, IdempotencyRecord, NewIdempotencyRecord, SecretReset } from '../../db/device_secret.ts';
import { ApiError } from '../../errors.ts';
import { SECRET_SLOTS } from '../../secret_slot.ts';
import { wordOf } from '../iotda/input.ts';
import { deviceNotFound, inputInvalid } from '../iotda/refusals.ts';
import { originOf } from '../origin.ts';

const HOUR = 3_600_000;

export interface ResetsParts {
  readonly secrets: DeviceSecretStore;
  readonly keyRing: KeyRing;
  /** How long an idempotency key is kept, hours. */
  readonly idempotencyHours: number;
  readonly clock: Clock;
  /** Hears of every success. */
  readonly count: (outcome: 'reset' | 'replayed') => void;
}

/** ResetDeviceSecret: contracts/iotda.md section 5, from the input that the field rules cannot express on. */
export class Resets {
  readonly #parts: ResetsParts;

  constructor(parts: ResetsParts) {
    this.#parts = parts;
  }

  async reset({ projectId, deviceId, reset }: ResetDeviceSecretRequest, call: Call): Promise<ResetDeviceSecretResponse> {
    const { secrets, keyRing, clock, count } = this.#parts;
    const key = readIdempotencyKey(call.metadata.get('idempotency-key'));
    const slot = wordOf('reset.secret_type', reset?.secretType, SECRET_SLOTS);
    const secret = secretOf(reset?.secret);
    const answer: ResetDeviceSecretResponse = { deviceId, secret, secretType: slot };
    const origin = originOf(call, clock);
    const change: SecretReset = {
      projectId,
      deviceId,
      slot,
      secret: keyRing.seal(placeOf.deviceSecret(deviceId, slot), secret),
      isHexadecimal: isHexadecimal(secret),
      forceDisconnect: reset?.forceDisconnect ?? false,
      record: key === undefined ? undefined : this.#recordOf(answer, key, call, origin.at),
    };
    const result = await secrets.reset(change, origin);
    switch (result.outcome) {
      case 'known':
        return this.#repeat(change, result.record, call);
      case 'unfit':
        throw inputInvalid('reset', 'is not for a device of its product: no SECONDARY with CoAP, only a hexadecimal secret with NB-IoT');
      case 'device_missing':
        throw deviceNotFound();
      default:
        count('reset');
        return answer;
    }
  }

  #recordOf(answer: ResetDeviceSecretResponse, key: string, call: Call, now: Date): NewIdempotencyRecord {
    const { keyRing, idempotencyHours } = this.#parts;
    const bytes = ResetDeviceSecretResponse.encode(answer).finish();
    return {
      key,
      bodySha256: call.bodyDigest(),
      answer: keyRing.seal(placeOf.idempotencyRecord(answer.deviceId, RESET_ACTION, key), bytes),
      expiresAt: new Date(now.getTime() + idempotencyHours * HOUR),
    };
  }

  #repeat({ deviceId, record: asked }: SecretReset, record: IdempotencyRecord, call: Call): ResetDeviceSecretResponse {
    if (asked === undefined || !record.bodySha256.equals(asked.bodySha256)) {
      throw new ApiError(ErrorReason.ERROR_REASON_IOTDA_IDEMPOTENCY_CONFLICT, 'the idempotency key belongs to another body');
    }
    const bytes = this.#parts.keyRing.open(placeOf.idempotencyRecord(deviceId, RESET_ACTION, asked.key), record.answer);
    call.setMetadata('idempotent-replayed', 'true');
    this.#parts.count('replayed');
    return ResetDeviceSecretResponse.decode(bytes);
  }
}

/** The field's rules take an empty text for none. */
function secretOf(secret: string | undefined): string {
  if (secret === '') throw inputInvalid('reset.secret', 'expects 8 to 32 characters of A-Za-z0-9_-');
  return secret ?? newDeviceSecret();
}
