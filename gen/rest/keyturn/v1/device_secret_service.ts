/** The REST paths of DeviceSecretService by call, as google.api.http has them. */
export const DeviceSecretServicePaths = {
  resetDeviceSecret: {"method":"POST","template":"/v5/iot/{project_id}/devices/{device_id}/action"},
} as const;
