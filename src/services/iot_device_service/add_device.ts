import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import { IotDeviceRegistration } from '../../../gen/keyturn/v1/iot_device.ts';
import type { AddDeviceRequest, AddDeviceResponse } from '../../../gen/keyturn/v1/iot_device_service.ts';
import type { Call } from '../../call/call.ts';
import { isHexadecimal, newDeviceSecret } from '../../crypto/device_secret.ts';
import { placeOf } from '../../crypto/key_ring.ts';
import type { NewIotDeviceFault } from '../../db/iot_device_change.ts';
import { ApiError } from '../../errors.ts';
import { checkExtensionInfo, checkTimeout, refuseEmpty, wordOf } from '../iotda/input.ts';
import { applicationNotFound, deviceNotFound, inputInvalid } from '../iotda/refusals.ts';
import { originOf } from '../origin.ts';
import type { IotDeviceParts } from './parts.ts';
import { toIotDevice } from './resource.ts';

/** AddDevice: contracts/iotda.md sections 7.1 to 7.3. */
export async function addDevice({ writer, keyRing, clock }: IotDeviceParts, request: AddDeviceRequest, call: Call): Promise<AddDeviceResponse> {
  const registration = request.registration ?? IotDeviceRegistration.create();
  const authType = checkRegistration(registration);
  const { productId, nodeId, authInfo } = registration;
  const deviceId = registration.deviceId ?? `${productId}_${nodeId}`;
  const secret = authInfo?.secret ?? (authType === 'SECRET' ? newDeviceSecret() : undefined);
  const result = await writer.create(
    {
      projectId: request.projectId,
      deviceId,
      nodeId,
      productId,
      deviceName: registration.deviceName,
      description: registration.description,
      gatewayId: registration.gatewayId,
      appId: registration.appId,
      authType,
      fingerprint: authInfo?.fingerprint,
      secureAccess: authInfo?.secureAccess ?? true,
      timeout: authInfo?.timeout ?? 0,
      extensionInfo: registration.extensionInfo,
      secret: secret === undefined ? undefined : { ...keyRing.seal(placeOf.deviceSecret(deviceId, 'PRIMARY'), secret), isHexadecimal: isHexadecimal(secret) },
    },
    originOf(call, clock),
  );
  if (typeof result === 'string') throw REFUSALS[result]();
  return { device: toIotDevice(result, { primary: secret, secondary: undefined }) };
}

/** What the rules of the fields cannot say. Returns the way in which the device authenticates. */
function checkRegistration({ deviceId, extensionInfo, authInfo }: IotDeviceRegistration): 'SECRET' | 'CERTIFICATES' {
  refuseEmpty('registration.device_id', deviceId);
  refuseEmpty('registration.auth_info.secret', authInfo?.secret);
  refuseEmpty('registration.auth_info.fingerprint', authInfo?.fingerprint);
  checkTimeout('registration.auth_info.timeout', authInfo);
  checkExtensionInfo('registration.extension_info', extensionInfo);
  return wordOf('registration.auth_info.auth_type', authInfo?.authType, ['SECRET', 'CERTIFICATES']);
}

const REFUSALS: Readonly<Record<NewIotDeviceFault, () => ApiError>> = {
  app_missing: applicationNotFound,
  gateway_missing: deviceNotFound,
  too_deep: () => inputInvalid('registration.gateway_id', 'expects a device that has no parent, or whose parent has none'),
  secret_not_hexadecimal: () => inputInvalid('registration.auth_info.secret', 'expects a hexadecimal secret for a product over NB-IoT'),
  device_exists: () => new ApiError(ErrorReason.ERROR_REASON_IOTDA_DEVICE_EXISTS, 'the device id is taken'),
};
