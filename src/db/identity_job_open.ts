import type { Sealed } from '../crypto/key_ring.ts';
import type { AtFaultPoint } from '../fault_points.ts';
import type { Run, Statement } from './database.ts';
import type { IdentityState } from './identity_revoke.ts';
import { insertionOf, valuesOfMessages } from './message.ts';
import type { NewMessage } from './message.ts';
import { valuesOf } from './origin.ts';
import type { Origin } from './origin.ts';
import { settled } from './settled.ts';
import { fullSince, takingOf } from './sending_budget.ts';

/** What is asked of a key and an address before a job is opened. */
export interface Opening {
  readonly pk: string;
  readonly addressMac: Buffer;
}

/** What the checks of an opening need, from one look-up. */
export interface OpeningState {
  /** Null if there is no such key. */
  readonly state: IdentityState | null;
  /** The last `iat` that was accepted, seconds since 1970. */
  readonly lastIat: number | null;
  /** The oldest sending that counts, if the budget of the address is used up. */
  readonly fullSince: Date | null;
}

/** A job to open. */
export interface NewJob {
  readonly jobId: string;
  readonly pk: string;
  readonly field: 'email' | 'phone';
  readonly addressMac: Buffer;
  readonly content: Sealed;
  readonly codeMac: Buffer;
  readonly codeExpiresAt: Date;
  readonly test: boolean;
  readonly expiresAt: Date;
  /** Of the JWT of the key itself, seconds since 1970. */
  readonly iat: number | undefined;
  /** Whether an `iat` that is older than the last one, or none after one, is refused. */
  readonly guarded: boolean;
  readonly messages: readonly NewMessage[];
}

/** Unless it is `opened`, nothing has changed. `overtaken`: the key is not registered any more, or has sent a newer `iat`. */
export type OpeningResult = 'opened' | 'full' | 'overtaken';

const READ: Statement = {
  name: 'identity_job_opening',
  text: `select identity.state, identity.last_iat::float8 as "lastIat", ${fullSince('sending_budget.sent_at', '$3::timestamptz')} as "fullSince"
    from (values ($1::text, $2::bytea)) as given (pk, mac)
      left join identity on identity.pk = given.pk left join sending_budget on sending_budget.address_mac = given.mac`,
};

/** The key's row is locked first: whoever revokes it sees the job, or the job does not come to be. */
const OPEN: Statement = {
  name: 'identity_job_open',
  text: `with
    key as (
      select pk from identity where pk = $5 and state = 'REGISTERED' and (not $16::boolean or last_iat is null or $15::bigint >= last_iat) for no key update),
    budget as (${takingOf('key', 'array[$8::bytea]', '$1')}),
    job as (
      insert into identity_job (job_id, pk, field, state, address_mac, key_id, box, code_mac, code_expires_at, wrong_tries, test, created_at, expires_at)
      select $6, pk, $7, 'WAITING', $8, $9, $10, $11, $12, 0, $13, $1, $14 from key where exists (select from budget)
      returning job_id, pk, field),
    stamped as (update identity set last_iat = greatest(last_iat, $15) from job where identity.pk = job.pk and $15 is not null),
    messages as (${insertionOf('job', 17)}),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, identity, action, actor, request_id, peer, details)
      select $1, '', '', pk, 'identity.job_opened', $2, $3, $4, json_build_object('field', field) from job)
    select exists (select from key) as live, exists (select from job) as opened`,
};

const READ_BACK: Statement = { name: 'identity_job_opened', text: 'select from identity_job where job_id = $1' };

/** Opens jobs: one read, one write. */
export class JobOpenings {
  readonly #run: Run;
  readonly #atFaultPoint: AtFaultPoint | undefined;

  constructor(run: Run, atFaultPoint?: AtFaultPoint) {
    this.#run = run;
    this.#atFaultPoint = atFaultPoint;
  }

  async read({ pk, addressMac }: Opening, now: Date): Promise<OpeningState> {
    const [row] = await this.#run<OpeningState>(READ, [pk, addressMac, now]);
    if (row === undefined) throw new Error('a look-up without a table tells nothing');
    return row;
  }

  /** Stores a job with its messages and takes one sending from the budget of its address. */
  async open(job: NewJob, origin: Origin): Promise<OpeningResult> {
    const values = [
      ...valuesOf(origin), job.pk, job.jobId, job.field, job.addressMac, job.content.keyId, job.content.box, job.codeMac, job.codeExpiresAt, job.test,
      job.expiresAt, job.iat, job.guarded, ...valuesOfMessages(job.messages),
    ];
    const write = async (): Promise<OpeningResult> => {
      const [row] = await this.#run<{ live: boolean; opened: boolean }>(OPEN, values);
      if (row?.opened === true) return 'opened';
      return row?.live === true ? 'full' : 'overtaken';
    };
    const readBack = async (): Promise<OpeningResult | undefined> => ((await this.#run(READ_BACK, [job.jobId])).length === 1 ? 'opened' : undefined);
    return settled(write, readBack, this.#atFaultPoint);
  }
}
