import type { ResetFingerprintRequest, ResetFingerprintResponse } from '../../../gen/keyturn/v1/iot_device_service.ts';
import type { Call } from '../../call/call.ts';
import { SECRET_SLOTS } from '../../secret_slot.ts';
import { refuseEmpty, wordOf } from '../iotda/input.ts';
import { deviceNotFound } from '../iotda/refusals.ts';
import { originOf } from '../origin.ts';
import type { IotDeviceParts } from './parts.ts';

/** ResetFingerprint: contracts/iotda.md 7.5. */
export async function resetFingerprint({ writer, clock }: IotDeviceParts, request: ResetFingerprintRequest, call: Call): Promise<ResetFingerprintResponse> {
  const { projectId, deviceId, reset } = request;
  const fingerprint = reset?.fingerprint;
  refuseEmpty('reset.fingerprint', fingerprint);
  const slot = wordOf('reset.fingerprint_type', reset?.fingerprintType, SECRET_SLOTS);
  const change = { slot, fingerprint, forceDisconnect: reset?.forceDisconnect ?? false };
  if (!(await writer.resetFingerprint(projectId, deviceId, change, originOf(call, clock)))) throw deviceNotFound();
  return { deviceId, fingerprint, fingerprintType: slot };
}
