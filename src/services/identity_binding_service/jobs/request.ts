import { randomBytes } from 'node:crypto';
import type { SignRequestRequest, SignRequestResponse } from '../../../../gen/keyturn/v1/identity_binding_service.ts';
import type { Call } from '../../../call/call.ts';
import { isIdentityKey } from '../../../crypto/identity_jwt.ts';
import type { NewJob, OpeningState } from '../../../db/identity_job_open.ts';
import type { Origin } from '../../../db/origin.ts';
import { SENDING_WINDOW } from '../../../db/sending_budget.ts';
import { Unavailable } from '../../../unavailable.ts';
import { originOf } from '../../origin.ts';
import { readScopeClaims } from '../claims.ts';
import type { ScopeClaims } from '../claims.ts';
import { CODE_LIFE, newCode } from '../codes.ts';
import { badRequest, rateLimit, revokedKey, unknownKey } from '../refusals.ts';
import { checkReplay, checkSelfSigned } from '../self_signed.ts';
import { sealContent } from './parts.ts';
import type { JobParts } from './parts.ts';

const JOB_BYTES = 15;
/** How long a job lives, milliseconds. */
const JOB_LIFE = 86_400_000;
/** How often the key, or the budget of the address, may change while this call is checked. */
const MOST_ATTEMPTS = 5;

/** SignRequest: contracts/authentiq.md 7.4. */
export async function requestJob(parts: JobParts, request: SignRequestRequest, call: Call): Promise<SignRequestResponse> {
  const claims = readScopeClaims(request.jwt);
  if (!isIdentityKey(claims.sub)) throw badRequest('jwt.sub', 'is no key');
  const test = request.test !== undefined;
  if (test && !parts.settings.testIssuer) throw badRequest('test', 'is given while there is no test issuer');
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
    const origin = originOf(call, parts.clock, 'identity');
    const addressMac = parts.hash.ofAddress(claims.address);
    const state = await parts.openings.read({ pk: claims.sub, addressMac }, origin.at);
    await check(parts, claims, state, origin.at);
    const job = newJob(parts, claims, test, origin.at);
    if (await open(parts, job, claims, origin)) return { job: job.jobId, status: 'waiting' };
  }
  throw new Unavailable('the key of a job changes again and again');
}

/** In the order of the contract: 401, 404, 410, 429. */
async function check({ settings }: JobParts, claims: ScopeClaims, { state, lastIat, fullSince }: OpeningState, now: Date): Promise<void> {
  await checkSelfSigned(claims, claims.sub, { now, refused: ['aud'] });
  checkReplay(claims, lastIat ?? undefined, settings.iatGuard);
  if (state === null) throw unknownKey();
  if (state === 'REVOKED') throw revokedKey();
  if (fullSince !== null) throw rateLimit(fullSince.getTime() + SENDING_WINDOW - now.getTime());
}

/** False if what was checked has changed since. Throws AUTHENTIQ_RATE_LIMIT; what is not opened has cost nothing. */
async function open({ openings, budgets, wake }: JobParts, job: NewJob, { address }: ScopeClaims, origin: Origin): Promise<boolean> {
  const giveBack = budgets.take([address], origin.peer, origin.at);
  let isOpen = false;
  try {
    isOpen = (await openings.open(job, origin)) === 'opened';
  } finally {
    if (!isOpen) giveBack();
  }
  if (isOpen) wake();
  return isOpen;
}

function newJob({ keyRing, hash, outgoing, settings }: JobParts, { sub: pk, address, iat }: ScopeClaims, test: boolean, now: Date): NewJob {
  const jobId = randomBytes(JOB_BYTES).toString('base64url');
  const code = newCode();
  const codeExpiresAt = new Date(now.getTime() + CODE_LIFE);
  return {
    jobId,
    pk,
    field: address.kind,
    addressMac: hash.ofAddress(address),
    content: sealContent(keyRing, jobId, { address: address.value }),
    codeMac: hash.ofCode('job', jobId, code),
    codeExpiresAt,
    test,
    expiresAt: new Date(now.getTime() + JOB_LIFE),
    iat,
    guarded: settings.iatGuard !== 'off',
    messages: [outgoing.code(address, code, 'confirm that this is yours', { pk, jobId }, now, codeExpiresAt)],
  };
}
