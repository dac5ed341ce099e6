import assert from 'node:assert/strict';
import { IdentityBindingServiceService as Service } from '../../../gen/keyturn/v1/identity_binding_service.ts';
import { WIRES } from '../answer.ts';
import { withIdentities } from './bench.ts';
import { assertIdentityRefusal } from './errors.ts';
import type { IdentityError } from './errors.ts';
import { WIDE, assertJobAnswer, confirmJob, confirmedJob, storedJobsOf, waitingJob, wrongCode } from './jobs.ts';
import { V1 } from './signer.ts';

const MINUTE = 60_000;
const CONFIRMED = '{"status":"confirmed"}';

describe('section 7.4: codes of jobs', () => {
  const bench = withIdentities(WIDE);
  const triesOf = async (job: string): Promise<number | undefined> =>
    (await bench().sql.query<{ tries: number }>('select wrong_tries as tries from identity_job where job_id = $1', [job])).rows[0]?.tries;

  for (const wire of WIRES) {
    it(`${wire}: the fifth wrong code makes it void, and the right one is refused from then on`, async () => {
      const { job, code, key } = await waitingJob(bench(), { wire });
      for (let distance = 1; distance <= 7; distance += 1) {
        assertIdentityRefusal(await confirmJob(bench(), wire, job, wrongCode(code, distance)), 'auth-error');
        assert.equal(await triesOf(job), Math.min(distance, 5));
      }
      assertIdentityRefusal(await confirmJob(bench(), wire, job, code), 'auth-error');
      const { actions } = await storedJobsOf(bench().sql, key);
      assert.deepEqual(actions, ['identity.job_opened', ...Array.from({ length: 5 }, () => 'identity.job_code_refused')]);
    });

    it(`${wire}: four wrong codes leave the right one good, and a confirmed job counts none`, async () => {
      const { job, code } = await waitingJob(bench(), { wire });
      for (let distance = 1; distance <= 4; distance += 1) assertIdentityRefusal(await confirmJob(bench(), wire, job, wrongCode(code, distance)), 'auth-error');
      assertJobAnswer(await confirmJob(bench(), wire, job, code), 202, CONFIRMED);
      for (let distance = 1; distance <= 6; distance += 1) assertIdentityRefusal(await confirmJob(bench(), wire, job, wrongCode(code, distance)), 'auth-error');
      assertJobAnswer(await confirmJob(bench(), wire, job, code), 202, CONFIRMED);
      assert.equal(await triesOf(job), 4);
    });

    it(`${wire}: what is not the six digits is a wrong code`, async () => {
      for (const text of ['', ' ', '12345', '1234567', 'abcdef', '１２３４５６', 'x'.repeat(10_000), '\0'] as const) {
        const { job } = await waitingJob(bench(), { wire });
        assertIdentityRefusal(await confirmJob(bench(), wire, job, text), 'auth-error');
        assert.equal(await triesOf(job), 1);
      }
      const { job, code } = await waitingJob(bench(), { wire });
      for (const text of [`${code} `, ` ${code}`, `${code}\n`, `+${code}`]) assertIdentityRefusal(await confirmJob(bench(), wire, job, text), 'auth-error');
      assertJobAnswer(await confirmJob(bench(), wire, job, code), 202, CONFIRMED);
    });

    it(`${wire}: the code of one job means nothing to another, of the same key and address neither`, async () => {
      const first = await waitingJob(bench(), { wire });
      const second = await waitingJob(bench(), { wire, key: first.key, value: first.value });
      if (first.code !== second.code) assertIdentityRefusal(await confirmJob(bench(), wire, first.job, second.code), 'auth-error');
      assertJobAnswer(await confirmJob(bench(), wire, second.job, second.code), 202, CONFIRMED);
      assertJobAnswer(await confirmJob(bench(), wire, first.job, first.code), 202, CONFIRMED);
    });

    it(`${wire}: a clock that is set back gives no code another life, and one that differs a little does no harm`, async () => {
      const old = await waitingJob(bench(), { wire });
      bench().service.clock.advance(-30_000);
      const fresh = await waitingJob(bench(), { wire });
      assertJobAnswer(await confirmJob(bench(), wire, old.job, old.code), 202, CONFIRMED);
      bench().service.clock.advance(-5 * MINUTE);
      assertIdentityRefusal(await confirmJob(bench(), wire, fresh.job, fresh.code), 'auth-error');
      bench().service.clock.advance(5 * MINUTE + 30_000);
      assertJobAnswer(await confirmJob(bench(), wire, fresh.job, fresh.code), 202, CONFIRMED);
    });

    it(`${wire}: a clock that is set forward ends codes at once`, async () => {
      const { job, code } = await waitingJob(bench(), { wire });
      bench().service.clock.advance(10 * MINUTE);
      assertIdentityRefusal(await confirmJob(bench(), wire, job, code), 'auth-error');
      assert.equal(await triesOf(job), 0);
    });
  }

  it('over gRPC a code that is not set is a bad request', async () => {
    const { job } = await waitingJob(bench());
    assertIdentityRefusal(await bench().grpc.call(Service.signConfirm, { job, code: undefined }), 'bad-request');
  });

  it('only a string in JSON is a code: 405, 415, 400, then 404, then 401', async () => {
    const { job, code } = await waitingJob(bench());
    const nobody = 'A'.repeat(20);
    const rows: readonly (readonly [string | null, string, IdentityError])[] = [
      ['application/jwt', JSON.stringify({ code }), 'not-supported'], ['application/jwt; x=y', V1, 'not-supported'], ['application/jwt', '', 'not-supported'],
      ['application/json', V1, 'not-supported'], ['text/plain', V1, 'not-supported'], [null, V1, 'not-supported'],
      ['text/plain', JSON.stringify({ code }), 'unsupported-media-type'], ['application/x-www-form-urlencoded', `code=${code}`, 'unsupported-media-type'],
      [null, JSON.stringify({ code }), 'unsupported-media-type'],
      ['application/json', '', 'bad-request'], ['application/json', '{', 'bad-request'], ['application/json', '{}', 'bad-request'],
      ['application/json', `{"code":${Number(code)}}`, 'bad-request'], ['application/json', '{"code":null}', 'bad-request'],
      ['application/json', `{"code":["${code}"]}`, 'bad-request'], ['application/json', `"${code}"`, 'bad-request'], ['application/json', `[]`, 'bad-request'],
      ['application/json', `{"code":"${code}","code":"${code}"}`, 'bad-request'],
    ];
    for (const [type, body, word] of rows) {
      for (const target of [job, nobody, 'x']) {
        const answer = await bench().rest.send({ method: 'POST', target: `/scope/${target}`, headers: type === null ? [] : [['Content-Type', type]], body });
        assertIdentityRefusal(answer, word);
      }
    }
    assertIdentityRefusal(await confirmJob(bench(), 'rest', nobody, code), 'unknown-job');
    assert.equal(await triesOf(job), 0);
    const extra = JSON.stringify({ code, more: 1 });
    assertJobAnswer(await bench().rest.send({ method: 'POST', target: `/scope/${job}`, headers: [['Content-Type', 'application/json; charset=utf-8']], body: extra }), 202, CONFIRMED);
  });

  it('a code is stored as its keyed hash only', async () => {
    const { job, code } = await confirmedJob(bench());
    const { rows } = await bench().sql.query<{ row: string }>(`select row_to_json(job)::text || coalesce((select json_agg(e)::text from audit_event e), '') as row from identity_job job where job_id = $1`, [job]);
    assert.ok(rows[0] && !rows[0].row.includes(`"${code}"`) && !bench().service.lines.some((line) => JSON.stringify(line).includes(`"${code}"`)));
  });
});
