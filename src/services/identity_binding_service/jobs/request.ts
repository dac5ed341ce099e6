import { randomBytes } from 'node:crypto';
import type { SignRequestRequest, SignRequestResponse } from '../../../../gen/keyturn/v1/identity_binding_service.ts';
import type { Call } from '../../../call/call.ts';
import { isIdentityKey, isSignedBy } from '../../../crypto/identity_jwt.ts';
import { isSoundIdentityKey } from '../../../crypto/identity_key.ts';
import type { NewJob, OpeningState } from '../../../db/identity_job_open.ts';
import type { Origin } from '../../../db/origin.ts';
import { SENDING_WINDOW } from '../../../db/sending_budget.ts';
import { Unavailable } from '../../../unavailable.ts';
import { originOf } from '../../origin.ts';
import { readScopeClaims } from '../claims.ts';
import type { ScopeClaims } from '../claims.ts';
import { CODE_LIFE, newCode } from '../codes.ts';
import { authError, badRequest, rateLimit, revokedKey, unknownKey } from '../refusals.ts';
import { checkReplay, checkSelfSigned } from '../self_signed.ts';
import { checkIssued } from './issued.ts';
import { sealContent } from './parts.ts';
import type { JobParts } from './parts.ts';

/** What a job is besides its claims. */
interface JobForm {
  readonly test: boolean;
  readonly isIssued: boolean;
}

const JOB_BYTES = 15;
/** What people call what a code confirms. */
const NAMES = { email: 'e-mail address', phone: 'phone number' };
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
  const isIssued = await isByIssuer(claims, parts.clock.now(), parts.trust);
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
    const origin = originOf(call, parts.clock, 'identity');
    const state = await parts.openings.read({ pk: claims.sub, addressMac: parts.hash.ofAddress(claims.address) }, origin.at);
    check(parts, claims, isIssued, state, origin.at);
    const job = newJob(parts, claims, { test, isIssued }, origin.at);
    if (await open(parts, job, claims, origin)) return { job: job.jobId, status: 'waiting' };
  }
  throw new Unavailable('the key of a job changes again and again');
}

/**
 * Whether a trusted issuer has signed the JWT and not the key itself, which may name an issuer too. Throws
 * AUTHENTIQ_AUTH_ERROR if neither has; AUTHENTIQ_UNKNOWN_KEY for what can be nobody's key (section 5, step 11).
 */
async function isByIssuer(claims: ScopeClaims, now: Date, trust: JobParts['trust']): Promise<boolean> {
  if (!isSoundIdentityKey(claims.sub)) throw unknownKey();
  if (claims.iss === undefined || (await isSignedBy(claims.jwt, claims.sub))) {
    await checkSelfSigned(claims, claims.sub, { now, refused: ['aud'] });
    return false;
  }
  if (Object.hasOwn(claims.jwt.payload, 'aud')) throw authError('the JWT has the claim aud');
  await checkIssued(trust, claims.jwt, claims, now);
  return true;
}

/** In the order of the contract: 401, 404, 410, 429. */
function check({ settings }: JobParts, claims: ScopeClaims, isIssued: boolean, { state, lastIat, fullSince }: OpeningState, now: Date): void {
  // The `iat` of an issuer says nothing of what the key itself has sent.
  if (!isIssued) checkReplay(claims, lastIat ?? undefined, settings.iatGuard);
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

function newJob({ keyRing, hash, outgoing, settings }: JobParts, { sub: pk, address, iat }: ScopeClaims, { test, isIssued }: JobForm, now: Date): NewJob {
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
    iat: isIssued ? undefined : iat,
    guarded: !isIssued && settings.iatGuard !== 'off',
    messages: [outgoing.code(address, code, `confirm that this ${NAMES[address.kind]} is yours`, { pk, jobId }, now, codeExpiresAt)],
  };
}
