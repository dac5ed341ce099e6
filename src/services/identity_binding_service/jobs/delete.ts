import type { SignDeleteRequest, SignDeleteResponse } from '../../../../gen/keyturn/v1/identity_binding_service.ts';
import type { Call } from '../../../call/call.ts';
import { originOf } from '../../origin.ts';
import { unknownJob } from '../refusals.ts';
import { jobIdOf } from './parts.ts';
import type { JobParts } from './parts.ts';

/** SignDelete: contracts/authentiq.md 7.4. */
export async function deleteJob({ jobs, clock }: JobParts, request: SignDeleteRequest, call: Call): Promise<SignDeleteResponse> {
  if (!(await jobs.delete(jobIdOf(request), originOf(call, clock, 'identity')))) throw unknownJob();
  return { status: 'done' };
}
