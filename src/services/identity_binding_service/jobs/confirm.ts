import type { SignConfirmRequest, SignConfirmResponse } from '../../../../gen/keyturn/v1/identity_binding_service.ts';
import type { Call } from '../../../call/call.ts';
import { originOf } from '../../origin.ts';
import { isCode, isOpen } from '../codes.ts';
import { authError, badRequest, unknownJob } from '../refusals.ts';
import { jobIdOf } from './parts.ts';
import type { JobParts } from './parts.ts';

const CONFIRMED: SignConfirmResponse = { status: 'confirmed' };

/**
 * SignConfirm: contracts/authentiq.md 7.4. The right code of a job that is confirmed gets the same answer again; a wrong one
 * of such a job is refused and leads nowhere, so it is not counted.
 */
export async function confirmJob({ jobs, hash, clock }: JobParts, request: SignConfirmRequest, call: Call): Promise<SignConfirmResponse> {
  const { code } = request;
  if (code === undefined) throw badRequest('code', 'is missing');
  const jobId = jobIdOf(request);
  const origin = originOf(call, clock, 'identity');
  const job = await jobs.read(jobId, origin.at);
  if (job === undefined) throw unknownJob();
  const isRight = isCode(hash, 'job', jobId, code, job);
  if (job.state !== 'WAITING') {
    if (!isRight) throw authError('the code is wrong');
    return CONFIRMED;
  }
  if (!isOpen(job, origin.at)) throw authError('the code does not count any more');
  if (!isRight) {
    await jobs.countWrong(jobId, origin);
    throw authError('the code is wrong');
  }
  if (await jobs.confirm(jobId, origin)) return CONFIRMED;
  return afterRace({ jobs, jobId, now: origin.at });
}

/** Somebody else was faster: with the right code, with the last wrong one, or with the removal of the job. */
async function afterRace({ jobs, jobId, now }: { readonly jobs: JobParts['jobs']; readonly jobId: string; readonly now: Date }): Promise<SignConfirmResponse> {
  const job = await jobs.read(jobId, now);
  if (job === undefined) throw unknownJob();
  if (job.state === 'WAITING') throw authError('the code does not count any more');
  return CONFIRMED;
}
