/** The REST paths of DeviceTokenService by call, as google.api.http has them. */
export const DeviceTokenServicePaths = {
  issueToken: {"method":"POST","template":"/as/token"},
  renewToken: {"method":"POST","template":"/as/renew/token"},
  introspectToken: {"method":"POST","template":"/idp/introspect"},
} as const;
