import { placeOf } from '../../../crypto/key_ring.ts';
import type { KeyRing, Sealed } from '../../../crypto/key_ring.ts';
import type { JobStore, StoredJob } from '../../../db/identity_job.ts';
import type { JobOpenings } from '../../../db/identity_job_open.ts';
import type { Address } from '../../addresses/address.ts';
import type { IdentityParts } from '../parts.ts';
import { unknownJob } from '../refusals.ts';
import type { SendingBudgets } from '../sending_budget.ts';

/** What the calls of jobs stand on. */
export interface JobParts extends IdentityParts {
  readonly jobs: JobStore;
  readonly openings: JobOpenings;
  readonly budgets: SendingBudgets;
}

/** What is sealed of a job. */
export interface JobContent {
  /** As normalised. */
  readonly address: string;
  /** Once it is signed. */
  readonly jwt?: string;
}

/** 15 bytes in base64url. */
const JOB_ID = /^[A-Za-z0-9_-]{20}$/;

/** The job that the path names. Throws AUTHENTIQ_UNKNOWN_JOB for a text that is none. */
export function jobIdOf({ job }: { readonly job: string }): string {
  if (!JOB_ID.test(job)) throw unknownJob();
  return job;
}

export function sealContent(keyRing: KeyRing, jobId: string, content: JobContent): Sealed {
  return keyRing.seal(placeOf.identityJob(jobId), JSON.stringify(content));
}

export function openContent(keyRing: KeyRing, jobId: string, job: StoredJob): JobContent {
  return JSON.parse(keyRing.open(placeOf.identityJob(jobId), job).toString()) as JobContent;
}

/** The address or number of a job. */
export function addressOf({ field }: StoredJob, { address }: JobContent): Address {
  return { kind: field, value: address };
}
