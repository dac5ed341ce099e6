/** The REST paths of IotDeviceService by call, as google.api.http has them. */
export const IotDeviceServicePaths = {
  addDevice: {"method":"POST","template":"/v5/iot/{project_id}/devices"},
  listDevices: {"method":"GET","template":"/v5/iot/{project_id}/devices"},
  showDevice: {"method":"GET","template":"/v5/iot/{project_id}/devices/{device_id}"},
  updateDevice: {"method":"PUT","template":"/v5/iot/{project_id}/devices/{device_id}"},
  deleteDevice: {"method":"DELETE","template":"/v5/iot/{project_id}/devices/{device_id}"},
  freezeDevice: {"method":"POST","template":"/v5/iot/{project_id}/devices/{device_id}/freeze"},
  unfreezeDevice: {"method":"POST","template":"/v5/iot/{project_id}/devices/{device_id}/unfreeze"},
  resetFingerprint: {"method":"POST","template":"/v5/iot/{project_id}/devices/{device_id}/reset-fingerprint"},
  deviceAuth: {"method":"POST","template":"/v5/device-auth"},
} as const;
