import type { Sealed } from '../crypto/key_ring.ts';
import type { AtFaultPoint } from '../fault_points.ts';
import type { Run, Statement } from './database.ts';
import type { StoredIssuerKey } from './issuer.ts';
import { valuesOf } from './origin.ts';
import type { Origin } from './origin.ts';
import { settledChange } from './settled.ts';

export type JobState = 'WAITING' | 'CONFIRMED' | 'READY';

/** A job whose key is registered and whose time is not over. */
export interface StoredJob extends Sealed {
  readonly pk: string;
  readonly field: 'email' | 'phone';
  readonly state: JobState;
  readonly codeMac: Buffer;
  readonly wrongTries: number;
  readonly createdAt: Date;
  readonly codeExpiresAt: Date;
  /** Whether the test issuer signs it. */
  readonly test: boolean;
}

/** A job, and the key that its issuer signs with now. */
export interface JobToSign extends StoredJob {
  readonly issuerKey: StoredIssuerKey;
}

/** What makes a job ready. */
export interface Signature {
  readonly jobId: string;
  /** The content of the job with its JWT. */
  readonly content: Sealed;
  /** The key that has signed it, if it is one of Keyturn's: it must still be the one that signs. */
  readonly signedBy: string | undefined;
}

/** Wrong codes after which a code is void (contracts/authentiq.md 7.2). */
export const MOST_WRONG_TRIES = 5;

const COLUMNS = `job.pk, job.field, job.state, job.key_id as "keyId", job.box, job.code_mac as "codeMac", job.wrong_tries as "wrongTries",
  job.created_at as "createdAt", job.code_expires_at as "codeExpiresAt", job.test`;

/** A revocation takes the jobs of its key away, and none counts for a revoked key. */
const LIVE = "job.job_id = $5 and job.expires_at > $1 and identity.pk = job.pk and identity.state = 'REGISTERED'";
const ISSUER = "case when job.test then 'test' else 'main' end";

const READ: Statement = {
  name: 'identity_job_read',
  text: `select ${COLUMNS} from identity_job job join identity using (pk)
    where job.job_id = $1 and job.expires_at > $2 and identity.state = 'REGISTERED'`,
};

const READ_TO_SIGN: Statement = {
  name: 'identity_job_read_to_sign',
  text: `select ${COLUMNS}, issuer_key.public_key as "issuerPublicKey", issuer_key.key_id as "issuerKeyId", issuer_key.box as "issuerBox"
    from identity_job job join identity using (pk)
      join issuer on issuer.name = ${ISSUER} join issuer_key on issuer_key.public_key = issuer.current_key
    where job.job_id = $1 and job.expires_at > $2 and identity.state = 'REGISTERED'`,
};

/** The audit event of the job in `job`; `$1` to `$4` are its origin. */
const auditOf = (action: string, details = "json_build_object('field', field)"): string => `insert into audit_event (occurred_at, project_id, device_id, identity, action, actor, request_id, peer, details)
      select $1, '', '', pk, '${action}', $2, $3, $4, ${details} from job`;

const CONFIRM: Statement = {
  name: 'identity_job_confirm',
  text: `with
    job as (
      update identity_job job set state = 'CONFIRMED' from identity
      where ${LIVE} and job.state = 'WAITING' and job.wrong_tries < ${MOST_WRONG_TRIES}
      returning job.pk, job.field),
    au as (${auditOf('identity.job_confirmed')})
    select count(*)::int as changed from job`,
};

/** Whoever guesses at the same time waits for the row, so that each wrong code is counted, and none beyond the last. */
const COUNT_WRONG: Statement = {
  name: 'identity_job_count_wrong',
  text: CONFIRM.text.replace("state = 'CONFIRMED'", 'wrong_tries = wrong_tries + 1').replace('job_confirmed', 'job_code_refused'),
};

/** The audit event names the key: should it ever leak, that tells what it has signed. */
const SIGN: Statement = {
  name: 'identity_job_sign',
  text: `with
    job as (
      update identity_job job set state = 'READY', key_id = $6, box = $7 from identity
      where ${LIVE} and job.state = 'CONFIRMED' and ($8::text is null or (select current_key from issuer where name = ${ISSUER}) = $8)
      returning job.pk, job.field),
    au as (${auditOf('identity.job_signed', "json_strip_nulls(json_build_object('field', field, 'issuer_key', $8::text))")})
    select count(*)::int as changed from job`,
};

/** The messages of a job have its address, too. */
const DELETE: Statement = {
  name: 'identity_job_delete',
  text: `with
    job as (delete from identity_job job using identity where ${LIVE} returning job.job_id, job.pk, job.field),
    messages as (delete from message using job where message.job_id = job.job_id),
    au as (${auditOf('identity.job_deleted')})
    select count(*)::int as changed from job`,
};

/** What becomes of jobs once they are open (contracts/authentiq.md 7.4): one statement a change, with its audit event. */
export class JobStore {
  readonly #run: Run;
  readonly #atFaultPoint: AtFaultPoint | undefined;

  constructor(run: Run, atFaultPoint?: AtFaultPoint) {
    this.#run = run;
    this.#atFaultPoint = atFaultPoint;
  }

  async read(jobId: string, now: Date): Promise<StoredJob | undefined> {
    const [job] = await this.#run<StoredJob>(READ, [jobId, now]);
    return job;
  }

  async readToSign(jobId: string, now: Date): Promise<JobToSign | undefined> {
    const [row] = await this.#run<StoredJob & IssuerColumns>(READ_TO_SIGN, [jobId, now]);
    return row && { ...row, issuerKey: { publicKey: row.issuerPublicKey, keyId: row.issuerKeyId, box: row.issuerBox } };
  }

  /** False if the job does not wait any more, its code is void, or it is gone. */
  confirm(jobId: string, origin: Origin): Promise<boolean> {
    return this.#change(CONFIRM, jobId, [], origin, async () => (await this.read(jobId, origin.at))?.state === 'CONFIRMED');
  }

  /** Counts a wrong code of a job that waits for the right one. */
  async countWrong(jobId: string, origin: Origin): Promise<void> {
    await this.#run(COUNT_WRONG, [...valuesOf(origin), jobId]);
  }

  /** False if the job is not confirmed, is ready already, is gone, or its issuer signs with another key by now. */
  sign({ jobId, content, signedBy }: Signature, origin: Origin): Promise<boolean> {
    // No two seals make the same bytes.
    const isDone = async (): Promise<boolean> => (await this.read(jobId, origin.at))?.box.equals(content.box) === true;
    return this.#change(SIGN, jobId, [content.keyId, content.box, signedBy], origin, isDone);
  }

  /** Deletes a job with its messages; false if there is none. */
  delete(jobId: string, origin: Origin): Promise<boolean> {
    return this.#change(DELETE, jobId, [], origin, async () => (await this.read(jobId, origin.at)) === undefined);
  }

  #change(statement: Statement, jobId: string, values: readonly unknown[], origin: Origin, isDone: () => Promise<boolean>): Promise<boolean> {
    const write = async (): Promise<boolean> => {
      const [row] = await this.#run<{ changed: number }>(statement, [...valuesOf(origin), jobId, ...values]);
      return row?.changed === 1;
    };
    return settledChange(write, isDone, this.#atFaultPoint);
  }
}

interface IssuerColumns {
  issuerPublicKey: string;
  issuerKeyId: string;
  issuerBox: Buffer;
}
