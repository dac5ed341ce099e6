import assert from 'node:assert/strict';
import { WIRES } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { withIdentities } from './bench.ts';
import { assertIdentityRefusal } from './errors.ts';
import { WIDE, assertJobAnswer, confirmJob, confirmedJob, jwtIn, payloadOf, readyJob, retrieveJob, storedJobsOf, updateJob, waitingJob, wrongCode } from './jobs.ts';
import { V1 } from './signer.ts';

const NOBODY = 'A'.repeat(20);
/** Labels of an empty body that real clients send, and others; `null` sends none. */
const LABELS = [null, 'application/json', 'application/x-www-form-urlencoded', 'application/jwt', 'text/plain', 'x', '', 'multipart/form-data; boundary=x'];
const FORM_ACCEPTS = [undefined, 'application/jwt', 'application/jwt, */*', '*/*', 'application/json, text/plain, */*', 'text/html', 'nonsense', '\u00E9'];

describe('section 6.3: PUT /scope/{job}', () => {
  const bench = withIdentities(WIDE);
  const put = (job: string, headers: readonly (readonly [string, string])[], body?: string): Promise<Answer> =>
    bench().rest.send({ method: 'PUT', target: `/scope/${job}`, headers, body });

  it('any label of an empty body is taken, with and without a length, and Accept changes nothing', async () => {
    const { job, jwt } = await readyJob(bench());
    for (const body of ['', undefined]) {
      for (const type of LABELS) assertJobAnswer(await put(job, type === null ? [] : [['Content-Type', type]], body), 200, `{"status":"ready","jwt":"${jwt}"}`);
    }
    for (const accept of FORM_ACCEPTS) assertJobAnswer(await put(job, accept === undefined ? [] : [['Accept', accept]]), 200, `{"status":"ready","jwt":"${jwt}"}`);
    assertJobAnswer(await put(`${job}?x=1`, []), 200, `{"status":"ready","jwt":"${jwt}"}`);
  });

  it('415, then 400, then 404, then 401, then 409', async () => {
    const { job } = await waitingJob(bench());
    for (const target of [job, NOBODY, 'x']) {
      for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded']) assertIdentityRefusal(await put(target, [['Content-Type', type]], V1), 'unsupported-media-type');
      assertIdentityRefusal(await put(target, [], V1), 'unsupported-media-type');
      for (const body of [' ', 'x', '{}', 'a.b.c', V1.slice(0, -60).replaceAll('.', ','), `${V1}.x`]) assertIdentityRefusal(await put(target, [['Content-Type', 'application/jwt']], body), 'bad-request');
    }
    for (const wire of WIRES) {
      assertIdentityRefusal(await updateJob(bench(), wire, NOBODY, V1), 'unknown-job');
      assertIdentityRefusal(await updateJob(bench(), wire, NOBODY), 'unknown-job');
      assertIdentityRefusal(await updateJob(bench(), wire, job, V1), 'auth-error');
      assertIdentityRefusal(await updateJob(bench(), wire, job), 'job-not-confirmed');
    }
    assertIdentityRefusal(await updateJob(bench(), 'grpc', NOBODY, 'x'), 'bad-request');
  });

  for (const wire of WIRES) {
    it(`${wire}: the same call again gives the same bytes, at any time, and is recorded once`, async () => {
      const { job, key, jwt } = await readyJob(bench(), { wire });
      bench().service.clock.advance(3_600_000);
      for (let times = 0; times < 3; times += 1) assertJobAnswer(await updateJob(bench(), wire, job), 200, `{"status":"ready","jwt":"${jwt}"}`);
      assert.deepEqual((await storedJobsOf(bench().sql, key)).actions, ['identity.job_opened', 'identity.job_confirmed', 'identity.job_signed']);
    });
  }

  it('nothing of a job is stored in the clear; its audit events and the log have no address, code or JWT, nor its name', async () => {
    const { job, key, jwt, value, code } = await readyJob(bench());
    assertIdentityRefusal(await confirmJob(bench(), 'rest', job, wrongCode(code)), 'auth-error');
    assertIdentityRefusal(await updateJob(bench(), 'rest', job, V1), 'auth-error');
    const { rows } = await bench().sql.query<{ text: string }>(
      `select t::text as text from identity_job t where job_id = $1 union all select t::text from message t where job_id = $1
        union all select t::text from audit_event t where identity = $2 union all select t::text from sending_budget t`, [job, key.pk]);
    assert.ok(rows.length >= 6);
    const [header = '', payload = '', signature = ''] = jwt.split('.');
    for (const { text } of rows) {
      for (const secret of [value, Buffer.from(value).toString('hex'), header, payload, signature, Buffer.from(jwt).toString('hex')]) assert.ok(!text.includes(secret), text);
      assert.doesNotMatch(text.replaceAll(/\\x[0-9a-f]+/g, ''), new RegExp(`(?<![0-9.])${code}(?![0-9])`));
    }
    const lines = bench().service.lines.map((line) => JSON.stringify(line));
    assert.ok(lines.length > 0);
    for (const line of lines) for (const secret of [value, payload, signature, job, `"${code}"`]) assert.ok(!line.includes(secret), line);
    const { rows: audits } = await bench().sql.query<{ text: string }>('select t::text as text from audit_event t where identity = $1', [key.pk]);
    assert.ok(audits.every(({ text }) => !text.includes(job)));
  });
});

describe('section 6.4: the forms of the answer', () => {
  for (const form of ['json', 'jwt', 'strict'] as const) {
    describe(form, () => {
      const bench = withIdentities({ ...WIDE, KEYTURN_AUTHENTIQ_SCOPE_PUT_RESPONSE: form, KEYTURN_AUTHENTIQ_ISSUER: 'https://issuer.example', KEYTURN_AUTHENTIQ_ISSUER_JWT_SECONDS: '3600' });
      const errorType = form === 'strict' ? 'application/jwt' : 'application/json';

      it('has the body and the type of the setting, whatever Accept says', async () => {
        const { job } = await confirmedJob(bench());
        const jwt = jwtIn(await updateJob(bench(), 'grpc', job));
        const json = `{"status":"ready","jwt":"${jwt}"}`;
        for (const accept of FORM_ACCEPTS) {
          const answer = await bench().rest.send({ method: 'PUT', target: `/scope/${job}`, headers: accept === undefined ? [] : [['Accept', accept]] });
          assertJobAnswer(answer, 200, form === 'jwt' ? jwt : json, form === 'json' ? 'application/json' : 'application/jwt');
        }
        assertJobAnswer(await updateJob(bench(), 'grpc', job), 200, json);
        // The setting is of this call alone.
        assert.deepEqual((await retrieveJob(bench(), 'rest', job)).headers.get('content-type'), ['application/json']);
      });

      it(`all errors of the call are ${errorType}`, async () => {
        const { job } = await waitingJob(bench());
        const labelled = [['Content-Type', 'application/jwt']] as const;
        const answers = [
          await updateJob(bench(), 'rest', job),
          await updateJob(bench(), 'rest', NOBODY),
          await updateJob(bench(), 'rest', job, V1),
          await bench().rest.send({ method: 'PUT', target: `/scope/${job}`, headers: labelled, body: 'x' }),
          await bench().rest.send({ method: 'PUT', target: `/scope/${job}`, headers: labelled, body: 'x'.repeat(20_000) }),
          await bench().rest.send({ method: 'PUT', target: `/scope/${job}`, headers: [['Content-Type', 'text/plain']], body: 'x' }),
        ];
        assert.deepEqual(answers.map(({ status }) => status), [409, 404, 401, 400, 400, 415]);
        for (const answer of answers) assert.deepEqual(answer.headers.get('content-type'), [errorType]);
        const [first] = answers;
        assert.equal(first?.body, '{"error":409,"type":"confirm-first","title":"Job not confirmed yet","detail":"Confirm the job with its code first."}');
        assertIdentityRefusal(await retrieveJob(bench(), 'rest', NOBODY), 'unknown-job');
      });

      it('the setting in force is in the log, and the issuer and its time are those of the settings', async () => {
        assert.ok(bench().service.lines.some((line) => line['scope_put_response'] === form));
        const { jwt } = await readyJob(bench());
        const { iss, iat, exp } = JSON.parse(payloadOf(jwt)) as { iss: string; iat: number; exp: number };
        assert.deepEqual([iss, exp - iat], ['https://issuer.example', 3600]);
      });
    });
  }
});
