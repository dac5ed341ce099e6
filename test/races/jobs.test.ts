import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES } from '../wire/answer.ts';
import type { Answer, Wire } from '../wire/answer.ts';
import { newEmail, withIdentities } from '../wire/identity/bench.ts';
import { assertIdentityRefusal, identityErrorOf } from '../wire/identity/errors.ts';
import {
  WIDE, assertJobAnswer, claimsOf, confirmJob, confirmedJob, deleteJob, jwtIn, readyJob, requestJob, retrieveJob, storedJobsOf, updateJob, waitingJob, wrongCode,
} from '../wire/identity/jobs.ts';
import type { OpenJob } from '../wire/identity/jobs.ts';
import { issued, newIdentityKey, selfSigned } from '../wire/identity/signer.ts';
import { CALLERS } from './crowd.ts';

const OUTSIDE = newIdentityKey();
const ISS = 'https://outside.example';

/** All at once, by turns over both wires. */
function crowd(work: (wire: Wire, index: number) => Promise<Answer>, count = CALLERS): Promise<Answer[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => work(WIRES[index % 2] ?? 'rest', index)));
}

/** How many answers there are of each kind. */
function countsOf(answers: readonly Answer[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const answer of answers) {
    const word = identityErrorOf(answer) ?? 'done';
    counts[word] = (counts[word] ?? 0) + 1;
  }
  return counts;
}

describe('races: jobs', () => {
  const bench = withIdentities({ ...WIDE, KEYTURN_AUTHENTIQ_TRUSTED_ISSUERS: JSON.stringify([{ issuer: ISS, public_key: OUTSIDE.pk }]) });
  const signedOnce = async ({ key }: OpenJob): Promise<void> =>
    assert.equal((await storedJobsOf(bench().sql, key)).actions.filter((action) => action === 'identity.job_signed').length, 1);
  const triesOf = async (job: string): Promise<number | undefined> =>
    (await bench().sql.query<{ tries: number }>('select wrong_tries as tries from identity_job where job_id = $1', [job])).rows[0]?.tries;

  it(`${CALLERS} PUTs on one job: one signature, ${CALLERS} equal answers`, async () => {
    for (let round = 0; round < 5; round += 1) {
      const open = await confirmedJob(bench());
      const answers = await crowd((wire) => updateJob(bench(), wire, open.job));
      const jwt = jwtIn(answers[0] ?? assert.fail());
      for (const answer of answers) assertJobAnswer(answer, 200, `{"status":"ready","jwt":"${jwt}"}`);
      await signedOnce(open);
    }
  });

  it('PUTs with JWTs of an issuer against PUTs without: one wins, and all answers are its', async () => {
    for (let round = 0; round < 12; round += 1) {
      const open = await confirmedJob(bench());
      const given = Array.from({ length: 4 }, (_, index) =>
        issued(OUTSIDE, { iss: ISS, sub: open.key.pk, ...claimsOf(open.field, open.value), exp: bench().now() + 60, jti: String(index) }));
      const answers = await crowd((wire, index) => updateJob(bench(), wire, open.job, (index + round) % 4 < 2 ? given[index % 4] : ''), 32);
      const jwt = jwtIn(answers[0] ?? assert.fail());
      for (const answer of answers) assertJobAnswer(answer, 200, `{"status":"ready","jwt":"${jwt}"}`);
      await signedOnce(open);
    }
  });

  it('PUTs while the key of the issuer is rotated and the old one revoked: no job gets a JWT of a revoked key after that', async () => {
    for (let round = 0; round < 8; round += 1) {
      const open = await confirmedJob(bench());
      const { rows: [old] } = await bench().sql.query<{ key: string }>(`select current_key as key from issuer where name = 'main'`);
      const rotation = bench().operator('POST', '/v1/issuer-keys:rotate', {}).then(() => bench().operator('POST', `/v1/issuer-keys/${old?.key}:revoke`, {}));
      const answers = await crowd((wire) => updateJob(bench(), wire, open.job), 16);
      const jwt = jwtIn(answers[0] ?? assert.fail());
      for (const answer of answers) assertJobAnswer(answer, 200, `{"status":"ready","jwt":"${jwt}"}`);
      await rotation;
      await signedOnce(open);
      const after = await readyJob(bench());
      assert.ok(!Buffer.from(after.jwt.split('.')[0] ?? '', 'base64url').toString().includes(old?.key ?? ''));
    }
  });

  it('PUTs against DELETE: 200 with one JWT before it, 404 after it, and nothing is left', async () => {
    for (let round = 0; round < 10; round += 1) {
      const open = await confirmedJob(bench());
      const answers = await crowd((wire, index) => (index === 8 ? deleteJob(bench(), wire, open.job) : updateJob(bench(), wire, open.job)), 16);
      const [deletion] = answers.splice(8, 1);
      assertJobAnswer(deletion ?? assert.fail(), 200, '{"status":"done"}');
      const jwts = new Set(answers.filter((answer) => identityErrorOf(answer) === undefined).map(jwtIn));
      assert.ok(jwts.size <= 1);
      assert.deepEqual(Object.keys(countsOf(answers)).filter((word) => word !== 'done' && word !== 'unknown-job'), []);
      const { jobs, messages } = await storedJobsOf(bench().sql, open.key);
      assert.deepEqual([jobs, messages], [0, 0]);
    }
  });

  it(`${CALLERS} DELETEs of one job: one 200`, async () => {
    const open = await readyJob(bench());
    assert.deepEqual(countsOf(await crowd((wire) => deleteJob(bench(), wire, open.job))), { done: 1, 'unknown-job': CALLERS - 1 });
  });

  it(`${CALLERS} wrong codes at once: five are counted, and the right one is refused after them`, async () => {
    for (let round = 0; round < 3; round += 1) {
      const { job, code, key } = await waitingJob(bench());
      assert.deepEqual(countsOf(await crowd((wire, index) => confirmJob(bench(), wire, job, wrongCode(code, index + 1)))), { 'auth-error': CALLERS });
      assert.equal(await triesOf(job), 5);
      assertIdentityRefusal(await confirmJob(bench(), 'rest', job, code), 'auth-error');
      const { actions } = await storedJobsOf(bench().sql, key);
      assert.equal(actions.filter((action) => action === 'identity.job_code_refused').length, 5);
    }
  });

  it('the right code among wrong ones: it confirms before the fifth wrong one, or never', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { job, code } = await waitingJob(bench());
      const answers = await crowd((wire, index) => confirmJob(bench(), wire, job, index === round * 3 ? code : wrongCode(code, index + 1)), 32);
      const right = answers[round * 3] ?? assert.fail();
      const isConfirmed = identityErrorOf(right) === undefined;
      assert.deepEqual(countsOf(answers)['auth-error'], isConfirmed ? 31 : 32);
      const tries = await triesOf(job);
      assert.ok(isConfirmed ? (tries ?? 5) <= 4 : tries === 5, `${isConfirmed} ${tries}`);
      assert.equal(identityErrorOf(await updateJob(bench(), 'rest', job)), isConfirmed ? undefined : 'job-not-confirmed');
    }
  });

  it(`${CALLERS} right codes at once: all 202, and it is recorded once`, async () => {
    const { job, code, key } = await waitingJob(bench());
    for (const answer of await crowd((wire) => confirmJob(bench(), wire, job, code))) assertJobAnswer(answer, 202, '{"status":"confirmed"}');
    assert.deepEqual((await storedJobsOf(bench().sql, key)).actions, ['identity.job_opened', 'identity.job_confirmed']);
  });

  it(`${CALLERS} jobs for one address: three`, async () => {
    for (let round = 0; round < 3; round += 1) {
      const value = newEmail();
      const keys = await Promise.all(Array.from({ length: 8 }, () => bench().register()));
      const answers = await crowd((wire, index) => requestJob(bench(), wire, selfSigned(keys[index % 8] ?? assert.fail(), claimsOf('email', value))));
      assert.deepEqual(countsOf(answers), { done: 3, 'rate-limit': CALLERS - 3 });
      const stored = await Promise.all(keys.map((key) => storedJobsOf(bench().sql, key)));
      assert.deepEqual([stored.reduce((sum, { jobs }) => sum + jobs, 0), stored.reduce((sum, { messages }) => sum + messages, 0)], [3, 3]);
    }
  });

  it('jobs that are opened while their key is revoked: 201 before it, 410 after it, and none is left', async () => {
    for (let round = 0; round < 10; round += 1) {
      const key = await bench().register();
      const answers = await crowd((wire, index) =>
        (index === 6 ? bench().send(wire, 'keyRevoke', key) : requestJob(bench(), wire, selfSigned(key, claimsOf('email', newEmail())))), 12);
      assert.deepEqual(Object.keys(countsOf(answers)).filter((word) => word !== 'done' && word !== 'revoked-key'), []);
      const { jobs, messages } = await storedJobsOf(bench().sql, key);
      assert.deepEqual([jobs, messages], [0, 0]);
      for (const answer of answers) {
        const { job } = identityErrorOf(answer) === undefined ? (JSON.parse(answer.body) as { job?: string }) : {};
        if (job !== undefined) assertIdentityRefusal(await retrieveJob(bench(), 'rest', job), 'unknown-job');
      }
    }
  });

  it('jobs with a newer iat against older ones: each that is taken was not older than what came before it', async () => {
    const key = await bench().register();
    const at = bench().now();
    const answers = await crowd((wire, index) => requestJob(bench(), wire, selfSigned(key, { ...claimsOf('email', newEmail()), iat: at + (index % 8) })), 32);
    const counts = countsOf(answers);
    assert.equal((counts['done'] ?? 0) + (counts['auth-error'] ?? 0), 32);
    assert.equal((await storedJobsOf(bench().sql, key)).jobs, counts['done']);
    assert.equal((await bench().stored(key)).lastIat, at + 7);
  });
});
