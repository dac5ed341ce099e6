import assert from 'node:assert/strict';
import { WIRES } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { withIdentities } from './bench.ts';
import { assertIdentityRefusal } from './errors.ts';
import { WIDE, assertJobAnswer, confirmedJob, readyJob, retrieveJob, shownOf, waitingJob } from './jobs.ts';

const AS_JWT = ['application/jwt', 'application/jwt, */*', 'Application/JWT;q=0.2', 'application/jwt, application/json;q=0.5', '\tapplication/jwt', 'application/jwt, \u00E9'];
const AS_JSON = [
  undefined, '', '*/*', 'application/json', 'application/json, */*', 'application/json, text/plain, */*', 'application/jwt, application/json', 'application/jwt;q=0', 'text/html',
  'image/png;q=0', 'nonsense', '\u00E9', '"', ';;;', 'application/json;q=0', '*/*;q=0', 'x'.repeat(4_000),
];

describe('section 7.4: GET and HEAD of a job', () => {
  const bench = withIdentities(WIDE);
  const get = (job: string, accept: string | undefined, method = 'GET'): Promise<Answer> =>
    bench().rest.send({ method, target: `/scope/${job}`, headers: accept === undefined ? [] : [['Accept', accept]] });

  it('is the JWT or JSON as Accept has it, and no value leads to a refusal', async () => {
    const ready = await readyJob(bench());
    for (const accept of AS_JWT) assertJobAnswer(await get(ready.job, accept), 200, ready.jwt, 'application/jwt');
    for (const accept of AS_JSON) assertJobAnswer(await get(ready.job, accept), 200, shownOf(ready, ready.jwt));
    const waiting = await waitingJob(bench());
    for (const accept of [...AS_JWT, ...AS_JSON]) assertJobAnswer(await get(waiting.job, accept), 204, '');
  });

  it('takes several Accept headers as one', async () => {
    const { job, jwt } = await readyJob(bench());
    const headers = [['Accept', 'application/json;q=0.1'], ['Accept', 'application/jwt;q=0.2']] as const;
    assertJobAnswer(await bench().rest.send({ method: 'GET', target: `/scope/${job}`, headers }), 200, jwt, 'application/jwt');
  });

  it('over gRPC answers both, whatever the metadata says', async () => {
    const ready = await readyJob(bench());
    for (const accept of [undefined, 'application/jwt', 'application/json']) {
      assertJobAnswer(await retrieveJob(bench(), 'grpc', ready.job, accept), 200, `{"claims":${shownOf(ready, ready.jwt)},"jwt":"${ready.jwt}"}`);
    }
  });

  it('HEAD has the headers of GET and no body', async () => {
    const { job, jwt } = await readyJob(bench());
    const waiting = await waitingJob(bench());
    for (const [accept, type] of [['application/jwt', 'application/jwt'], [undefined, 'application/json']] as const) {
      const head = await get(job, accept, 'HEAD');
      const { body, headers } = await get(job, accept);
      assert.deepEqual([head.status, head.body], [200, '']);
      assert.deepEqual(head.headers.get('content-type'), [type]);
      assert.deepEqual(head.headers.get('content-length'), headers.get('content-length'));
      if (type === 'application/jwt') assert.equal(body, jwt);
    }
    const none = await get(waiting.job, undefined, 'HEAD');
    assert.deepEqual([none.status, none.body, none.headers.get('content-length')], [204, '', undefined]);
    const lost = await get('A'.repeat(20), undefined, 'HEAD');
    assert.deepEqual([lost.status, lost.body], [404, '']);
  });

  it('ignores the query', async () => {
    const { job, jwt } = await readyJob(bench());
    assertJobAnswer(await get(`${job}?job=x&x=%ff`, 'application/jwt'), 200, jwt, 'application/jwt');
  });

  it('consumes nothing: 100 reads of each state leave the tables as they are', async () => {
    const jobs = [await waitingJob(bench()), await confirmedJob(bench()), await readyJob(bench())];
    const tables = ['identity', 'identity_address', 'identity_job', 'identity_revocation', 'sending_budget', 'message', 'audit_event', 'outbox'];
    const content = async (): Promise<unknown> =>
      Promise.all(tables.map(async (table) => (await bench().sql.query(`select t::text from ${table} t order by 1`)).rows));
    const untouched = await content();
    for (let times = 0; times < 100; times += 1) {
      for (const { job } of jobs) {
        await Promise.all([...WIRES.map((wire) => retrieveJob(bench(), wire, job)), get(job, 'application/jwt', 'HEAD')]);
      }
      assertIdentityRefusal(await retrieveJob(bench(), 'rest', 'A'.repeat(20)), 'unknown-job');
    }
    assert.deepEqual(await content(), untouched);
  });
});
