import type { Run, Statement } from './database.ts';

/** Tables whose rows are of no use once they have expired; each has an index by `expires_at`. */
const TABLES = ['idempotency_record', 'iam_token', 'device_token', 'device_token_chain', 'used_signature', 'identity_revocation', 'identity_job', 'sending_budget', 'message'];
/** Rows that one statement deletes at most. */
const BATCH = 500;

/** What is to be done again and again. */
interface Job {
  readonly name: string;
  /** Deletes a batch of what has expired by `now`, and tells how many rows that were. */
  run(now: Date): Promise<number>;
}

/** Jobs that delete rows whose time is over. Nobody waits for them, and they wait for nobody. */
export function expiryJobs(run: Run): Job[] {
  return TABLES.map(expiryOf).map((statement) => ({ name: statement.name, run: async (now) => (await run(statement, [now])).length }));
}

/** The longest overdue first, without those that somebody else is at work on. */
function expiryOf(table: string): Statement {
  const due = `select ctid from ${table} where expires_at <= $1 order by expires_at limit ${BATCH} for update skip locked`;
  const deletion = `delete from ${table} where ctid = any(array(${due})) returning`;
  return { name: `${table}_expiry`, text: table === 'identity_job' ? withMessages(`${deletion} job_id`) : `${deletion} 1` };
}

/** Messages of a job have its address, which goes with the job. */
function withMessages(deletion: string): string {
  return `with
    job as (${deletion}),
    messages as (delete from message using job where message.job_id = job.job_id)
    select from job`;
}
