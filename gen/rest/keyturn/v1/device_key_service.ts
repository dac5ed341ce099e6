/** The REST paths of DeviceKeyService by call, as google.api.http has them. */
export const DeviceKeyServicePaths = {
  updatePublicKey: {"method":"POST","template":"/device/update/pubkey"},
} as const;
