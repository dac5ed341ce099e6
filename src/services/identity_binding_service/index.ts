import { IdentityBindingServiceService } from '../../../gen/keyturn/v1/identity_binding_service.ts';
import { bind } from '../../call/endpoints.ts';
import type { Binding } from '../../call/endpoints.ts';
import { confirmJob } from './jobs/confirm.ts';
import { deleteJob } from './jobs/delete.ts';
import type { JobParts } from './jobs/parts.ts';
import { requestJob } from './jobs/request.ts';
import { retrieveJob } from './jobs/retrieve.ts';
import { updateJob } from './jobs/update.ts';
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
  readonly jobs: JobParts;
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
    signRequest: (request, call) => requestJob(jobs, request, call),
    signRetrieve: (request, call) => retrieveJob(jobs, request, call),
    signConfirm: (request, call) => confirmJob(jobs, request, call),
    signUpdate: (request, call) => updateJob(jobs, request, call),
    signDelete: (request, call) => deleteJob(jobs, request, call),
    pushLoginRequest: (request, call) => logins.push(request, call),
  });
}
