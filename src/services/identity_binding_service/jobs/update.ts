import type { SignUpdateRequest, SignUpdateResponse } from '../../../../gen/keyturn/v1/identity_binding_service.ts';
import type { Call } from '../../../call/call.ts';
import type { CompactJws } from '../../../crypto/jws.ts';
import type { JobToSign, Signature } from '../../../db/identity_job.ts';
import { Unavailable } from '../../../unavailable.ts';
import { signIssued } from '../../issuers/issued_jwt.ts';
import { testIssuerOf } from '../../issuers/trust.ts';
import { originOf } from '../../origin.ts';
import type { Address } from '../../addresses/address.ts';
import { readJwt } from '../claims.ts';
import { jobNotConfirmed, unknownJob } from '../refusals.ts';
import { checkIssued } from './issued.ts';
import { addressOf, jobIdOf, openContent, sealContent } from './parts.ts';
import type { JobParts } from './parts.ts';

/** How often a job may be changed by others while this call signs it. */
const MOST_ATTEMPTS = 5;

/** SignUpdate: contracts/authentiq.md 6.3 and 6.4. */
export async function updateJob(parts: JobParts, request: SignUpdateRequest, call: Call): Promise<SignUpdateResponse> {
  const given = request.jwt === '' ? undefined : readJwt(request.jwt);
  const jwt = await signedJwt(parts, jobIdOf(request), given, call);
  const { scopePutResponse } = parts.settings;
  if (scopePutResponse !== 'json') call.setForm(scopePutResponse);
  return { status: 'ready', jwt };
}

/** The JWT of a job, which becomes ready once: whoever is second gets the stored one. */
async function signedJwt(parts: JobParts, jobId: string, given: CompactJws | undefined, call: Call): Promise<string> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
    const origin = originOf(call, parts.clock, 'identity');
    const job = await parts.jobs.readToSign(jobId, origin.at);
    if (job === undefined) throw unknownJob();
    const content = openContent(parts.keyRing, jobId, job);
    const address = addressOf(job, content);
    if (given !== undefined) await checkIssued(parts.trust, given, { sub: job.pk, address }, origin.at);
    if (job.state === 'WAITING') throw jobNotConfirmed();
    if (content.jwt !== undefined) return content.jwt;
    const jwt = given?.compact ?? sign(parts, job, address, origin.at);
    const signedBy = given === undefined ? job.issuerKey.publicKey : undefined;
    const signature: Signature = { jobId, content: sealContent(parts.keyRing, jobId, { ...content, jwt }), signedBy };
    if (await parts.jobs.sign(signature, origin)) return jwt;
  }
  throw new Unavailable('the issuer of a job changes its key again and again');
}

function sign({ issuer, issuerKeys, settings }: JobParts, job: JobToSign, address: Address, now: Date): string {
  const iat = Math.floor(now.getTime() / 1000);
  const iss = job.test ? testIssuerOf(issuer()) : issuer();
  return signIssued(issuerKeys.open(job.issuerKey), { iss, sub: job.pk, address, iat, exp: iat + settings.issuerJwtSeconds });
}
