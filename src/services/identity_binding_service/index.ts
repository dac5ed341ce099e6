import { IdentityBindingServiceService } from '../../../gen/keyturn/v1/identity_binding_service.ts';
import { bind } from '../../call/endpoints.ts';
import type { Binding } from '../../call/endpoints.ts';
import type { Jobs } from './jobs.ts';
import type { Keys } from './keys.ts';
import type { Logins } from './logins.ts';
import type { Revocations } from './revocations.ts';

/** What IdentityBindingService is made of. */
export interface IdentityBindingParts {
  readonly keys: Keys;
  readonly revocations: Revocations;
  readonly jobs: Jobs;
  readonly logins: Logins;
}

/** IdentityBindingService. */
export function identityBindingService({ keys, revocations, jobs, logins }: IdentityBindingParts): Binding[] {
  return bind(IdentityBindingServiceService, {
    keyRegister: (request, call) => keys.register(request, call),
    keyRetrieve: (request) => keys.retrieve(request),
    keyUpdate: (request, call) => keys.update(request, call),
    keyBind: (request, call) => keys.bind(request, call),
    keyRevoke: (request, call) => keys.revoke(request, call),
    keyRevokeNosecret: (request, call) => revocations.revoke(request, call),
    signRequest: (request, call) => jobs.request(request, call),
    signRetrieve: (request, call) => jobs.retrieve(request, call),
    signConfirm: (request, call) => jobs.confirm(request, call),
    signUpdate: (request, call) => jobs.update(request, call),
    signDelete: (request, call) => jobs.delete(request, call),
    pushLoginRequest: (request, call) => logins.push(request, call),
  });
}
