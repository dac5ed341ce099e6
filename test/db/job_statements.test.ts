import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import { expiryJobs } from '../../src/db/expiry.ts';
import { JobStore } from '../../src/db/identity_job.ts';
import { JobOpenings } from '../../src/db/identity_job_open.ts';
import { RevocationStore } from '../../src/db/identity_revocation.ts';
import type { NewCode } from '../../src/db/identity_revocation.ts';
import { withAskedDatabase } from './fixtures/asked_database.ts';
import { addIdentity, addIssuer, addRevocable, codeFor, newJob, sealed } from './fixtures/jobs.ts';
import { assertIndexed } from './fixtures/plans.ts';
import { ORIGIN, rowsOf } from './fixtures/rotations.ts';

const HUSH = 'hush-0123456789';
const LATER = new Date(ORIGIN.at.getTime() + 90_000_000);

describe('statements on jobs and revocations', () => {
  const own = withAskedDatabase(4);
  const { asked, run } = own;
  let issuerKey: string;
  let revocable: NewCode;
  before(async () => {
    await addIdentity(own.database, HUSH);
    issuerKey = await addIssuer(own.database);
    revocable = await addRevocable(own.database);
  });

  const openings = new JobOpenings(run);
  const jobs = new JobStore(run);
  const codes = new RevocationStore(own);
  const job = newJob(HUSH, { jobId: HUSH.padEnd(20, '-'), content: sealed(HUSH), iat: 5 });
  const other = newJob(HUSH, { iat: 5 });

  const WORK: readonly (readonly [name: string, statements: readonly string[], work: () => Promise<unknown>, outcome?: unknown])[] = [
    ['the checks of an opening', ['identity_job_opening'], () => openings.read(job, ORIGIN.at)],
    ['an opening', ['identity_job_open'], () => openings.open(job, ORIGIN), 'opened'],
    ['GET of a job', ['identity_job_read'], () => jobs.read(job.jobId, ORIGIN.at)],
    ['a wrong code', ['identity_job_count_wrong'], () => jobs.countWrong(job.jobId, ORIGIN)],
    ['the right code', ['identity_job_confirm'], () => jobs.confirm(job.jobId, ORIGIN), true],
    ['the checks of a signature', ['identity_job_read_to_sign'], () => jobs.readToSign(job.jobId, ORIGIN.at)],
    ['a signature', ['identity_job_sign'], () => jobs.sign({ jobId: job.jobId, content: sealed(HUSH), signedBy: issuerKey }, ORIGIN), true],
    ['the deletion of a job', ['identity_job_delete'], () => jobs.delete(job.jobId, ORIGIN), true],
    ['the checks of a revocation', ['identity_revocation_read'], () => codes.read(revocable, ORIGIN.at)],
    ['a code for a revocation', ['identity_lock', 'identity_revocation_request'], () => codes.request(revocable, ORIGIN), true],
    ['a wrong code for it', ['identity_revocation_count_wrong'], () => codes.countWrong(revocable.pk, revocable, ORIGIN)],
    ['the right code for it', ['identity_lock', 'identity_revocation_spend', 'identity_revoke'], () => codes.revoke(revocable.pk, revocable, ORIGIN), true],
  ];
  for (const [name, statements, work, outcome] of WORK) {
    it(`read each table by an index, prepared by name and without a value, for ${name}`, async () => {
      asked.length = 0;
      const result = await work();
      if (outcome !== undefined) assert.equal(result, outcome);
      assert.deepEqual(asked.map((statement) => statement.name), statements);
      for (const { text } of asked) {
        assert.ok(!text.includes(HUSH));
        await assertIndexed(own.url, text, true);
      }
    });
  }

  it('read by an index what became of a call whose connection was lost, and jobs that have expired with their messages', async () => {
    for (const text of [
      'select from identity_job where job_id = $1', 'select from identity_revocation where pk = $1 and code_mac = $2', `select from identity where pk = $1 and state = 'REVOKED'`,
    ]) await assertIndexed(own.url, text, true);
    asked.length = 0;
    await openings.open(other, ORIGIN);
    const { pk } = await addIdentity(own.database);
    await openings.open(newJob(pk), { ...ORIGIN, at: LATER });
    await rowsOf(own.url, `update identity_job set expires_at = $2 where pk = $1`, [pk, new Date(LATER.getTime() + 1)]);
    const sweep = expiryJobs(run).find(({ name }) => name === 'identity_job_expiry');
    assert.equal(await sweep?.run(LATER), 1);
    assert.equal(await sweep?.run(LATER), 0);
    await assertIndexed(own.url, asked.at(-1)?.text ?? '', true);
    assert.deepEqual(await rowsOf(own.url, 'select job_id = $1 as mine from message where job_id is not null', [other.jobId]), [{ mine: false }]);
  });

  it('take from the budget of neither address if that of one is used up', async () => {
    const code = await addRevocable(own.database);
    for (const result of ['opened', 'opened', 'opened', 'full']) assert.equal(await openings.open(newJob(code.pk, { addressMac: code.phone }), ORIGIN), result);
    const { fullSince } = (await codes.read(code, ORIGIN.at)) ?? {};
    assert.deepEqual(fullSince, ORIGIN.at);
    assert.equal(await codes.request(code, ORIGIN), false);
    const left = 'select (select count(*)::int from sending_budget where address_mac = $1) as budgets, (select count(*)::int from identity_revocation where pk = $2) as codes';
    assert.deepEqual(await rowsOf(own.url, left, [code.email, code.pk]), [{ budgets: 0, codes: 0 }]);
    assert.equal(await codes.request(code, { ...ORIGIN, at: new Date(ORIGIN.at.getTime() + 600_000) }), true);
  });

  it('change nothing where a condition of theirs does not hold any more', async () => {
    const { pk } = await addIdentity(own.database);
    const open = newJob(pk, { iat: 100 });
    assert.equal(await openings.open(open, ORIGIN), 'opened');
    const content = async (): Promise<unknown> => rowsOf(own.url, `select (select json_agg(j) from identity_job j) as jobs, (select json_agg(m) from message m) as messages,
      (select json_agg(b) from sending_budget b) as budgets, (select json_agg(i) from identity i) as keys, (select json_agg(c) from identity_revocation c) as codes, (select count(*) from audit_event) as audits`);
    const untouched = await content();
    for (const late of [newJob(pk, { iat: 99 }), newJob(pk), newJob('nobody'), newJob(revocable.pk)]) assert.equal(await openings.open(late, ORIGIN), 'overtaken');
    const signature = { jobId: open.jobId, content: sealed(), signedBy: issuerKey };
    assert.equal(await jobs.sign(signature, ORIGIN), false, 'not confirmed');
    assert.equal(await jobs.delete(open.jobId, { ...ORIGIN, at: LATER }), false, 'over');
    assert.equal(await jobs.confirm(open.jobId, { ...ORIGIN, at: LATER }), false, 'over');
    assert.equal(await codes.request(codeFor(pk, revocable.email, revocable.phone), ORIGIN), false, 'holds neither');
    assert.equal(await codes.revoke(pk, revocable, ORIGIN), false, 'no code');
    assert.deepEqual(await content(), untouched);
    assert.ok(await jobs.confirm(open.jobId, ORIGIN));
    assert.equal(await jobs.sign({ ...signature, signedBy: 'another' }, ORIGIN), false, 'the issuer signs with another key');
    assert.ok(await jobs.sign({ ...signature, signedBy: undefined }, ORIGIN));
    assert.equal(await jobs.sign(signature, ORIGIN), false, 'ready already');
    assert.equal(await openings.open(newJob(pk, { iat: 99, guarded: false }), ORIGIN), 'opened');
    assert.deepEqual(await rowsOf(own.url, 'select last_iat::int from identity where pk = $1', [pk]), [{ last_iat: 100 }], 'the last iat never becomes older');
  });
});
