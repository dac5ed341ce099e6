/** The REST paths of IamService by call, as google.api.http has them. */
export const IamServicePaths = {
  createToken: {"method":"POST","template":"/v3/auth/tokens"},
  listProjects: {"method":"GET","template":"/v3/projects"},
} as const;
