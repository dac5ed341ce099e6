import { IdentityBindingServiceService } from '../../../gen/keyturn/v1/identity_binding_service.ts';
import { bind } from '../../call/endpoints.ts';
import type { Binding } from '../../call/endpoints.ts';
import type { Jobs } from './jobs.ts';
import { bindKey } from './key_bind.ts';
import { registerKey } from './key_register.ts';
import { retrieveKey } from './key_retrieve.ts';
import { revokeKey } from './key_revoke.ts';
import { updateKey } from './key_update.ts';
import type { Logins } from './logins.ts';
import type { IdentityParts } from './parts.ts';
import type { Revocations } from './revocations.ts';

/** What IdentityBindingService is made of. */
export interface IdentityBindingParts {
  readonly keys: IdentityParts;
  readonly revocations: Revocations;
  readonly jobs: Jobs;
  readonly logins: Logins;
}

/** IdentityBindingService. */
export function identityBindingService({ keys, revocations, jobs, logins }: IdentityBindingParts): Binding[] {
  return bind(IdentityBindingServiceService, {
    keyRegister: (request, call) => registerKey(keys, request, call),
    keyRetrieve: (request) => retrieveKey(keys, request),
    keyUpdate: (request, call) => updateKey(keys, request, call),
    keyBind: (request, call) => bindKey(keys, request, call),
    keyRevoke: (request, call) => revokeKey(keys, request, call),
    keyRevokeNosecret: (request, call) => revocations.revoke(request, call),
    signRequest: (request, call) => jobs.request(request, call),
    signRetrieve: (request, call) => jobs.retrieve(request, call),
    signConfirm: (request, call) => jobs.confirm(request, call),
    signUpdate: (request, call) => jobs.update(request, call),
    signDelete: (request, call) => jobs.delete(request, call),
    pushLoginRequest: (request, call) => logins.push(request, call),
  });
}
