import type { ResetFingerprintRequest, ResetFingerprintResponse } from '../../../gen/keyturn/v1/iot_device_service.ts';
import type { Call } from '../../call/call.ts';
import { originOf } from '../origin.ts';
import { refuseEmpty, wordOf } from './input.ts';
import type { IotDeviceParts } from './parts.ts';
import { deviceNotFound } from './refusals.ts';

/** ResetFingerprint: contracts/iotda.md 7.5. */
export async function resetFingerprint({ writer, clock }: IotDeviceParts, request: ResetFingerprintRequest, call: Call): Promise<ResetFingerprintResponse> {
  const { projectId, deviceId, reset } = request;
  const fingerprint = reset?.fingerprint;
  refuseEmpty('reset.fingerprint', fingerprint);
  const slot = wordOf('reset.fingerprint_type', reset?.fingerprintType, ['PRIMARY', 'SECONDARY']);
  const change = { slot, fingerprint, forceDisconnect: reset?.forceDisconnect ?? false };
  if (!(await writer.resetFingerprint(projectId, deviceId, change, originOf(call, clock)))) throw deviceNotFound();
  return { deviceId, fingerprint, fingerprintType: slot };
}
