import type { SignRetrieveRequest, SignRetrieveResponse } from '../../../../gen/keyturn/v1/identity_binding_service.ts';
import type { Call } from '../../../call/call.ts';
import { readIdentityJwt } from '../../../crypto/identity_jwt.ts';
import { unknownJob } from '../refusals.ts';
import { prefersJwt } from './accept.ts';
import { jobIdOf, openContent } from './parts.ts';
import type { JobParts } from './parts.ts';

/** SignRetrieve: contracts/authentiq.md 7.4. It changes nothing. */
export async function retrieveJob({ jobs, keyRing, clock }: JobParts, request: SignRetrieveRequest, call: Call): Promise<SignRetrieveResponse> {
  const jobId = jobIdOf(request);
  const job = await jobs.read(jobId, clock.now());
  if (job === undefined) throw unknownJob();
  const { address, jwt } = openContent(keyRing, jobId, job);
  if (jwt === undefined) {
    call.setStatus(204);
    return { claims: undefined, jwt: '' };
  }
  if (prefersJwt(call.metadata.get('accept')?.join(',') ?? '')) call.setForm('jwt');
  const { pk: sub, field } = job;
  return { claims: { sub, field, email: undefined, phone: undefined, [field]: address, exp: expiryOf(jwt) }, jwt };
}

/** The `exp` of a JWT that was stored. */
function expiryOf(jwt: string): number {
  const exp = readIdentityJwt(jwt)?.payload['exp'];
  if (typeof exp !== 'number') throw new Error('a stored JWT has no exp');
  return exp;
}
