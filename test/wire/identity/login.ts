import { IdentityBindingServiceService as Service } from '../../../gen/keyturn/v1/identity_binding_service.ts';
import type { Answer, Wire } from '../answer.ts';
import type { Clients } from '../harness.ts';
import { selfSigned } from './signer.ts';
import type { IdentityKey, JwtForm } from './signer.ts';

export const CALLBACK = 'https://site.example/login';
export const SENT = '{"status":"sent"}';

/** A PushToken of a key for CALLBACK, with other claims in the place of the usual ones. */
export function pushToken(key: IdentityKey, claims: object = {}, form: JwtForm = {}): string {
  return selfSigned(key, { iss: 'https://site.example/', aud: CALLBACK, ...claims }, form);
}

/** POST /login. */
export function login({ rest, grpc }: Clients, wire: Wire, jwt: string, callback = CALLBACK): Promise<Answer> {
  if (wire === 'grpc') return grpc.call(Service.pushLoginRequest, { callback, jwt });
  return rest.send({ method: 'POST', target: `/login?callback=${encodeURIComponent(callback)}`, headers: [['Content-Type', 'application/jwt']], body: jwt });
}
