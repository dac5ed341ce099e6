/** The REST paths of IdentityBindingService by call, as google.api.http has them. */
export const IdentityBindingServicePaths = {
  keyRegister: {"method":"POST","template":"/key"},
  keyRevokeNosecret: {"method":"DELETE","template":"/key"},
  keyRetrieve: {"method":"GET","template":"/key/{pk}"},
  keyUpdate: {"method":"POST","template":"/key/{pk}"},
  keyBind: {"method":"PUT","template":"/key/{pk}"},
  keyRevoke: {"method":"DELETE","template":"/key/{pk}"},
  pushLoginRequest: {"method":"POST","template":"/login"},
  signRequest: {"method":"POST","template":"/scope"},
  signRetrieve: {"method":"GET","template":"/scope/{job}"},
  signConfirm: {"method":"POST","template":"/scope/{job}"},
  signUpdate: {"method":"PUT","template":"/scope/{job}"},
  signDelete: {"method":"DELETE","template":"/scope/{job}"},
} as const;
