import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import { Pool } from 'pg';
import { startProxy } from '../db/fixtures/postgres_proxy.ts';
import type { PostgresProxy } from '../db/fixtures/postgres_proxy.ts';
import { createDatabase } from '../support/postgres.ts';
import { startService } from '../support/service.ts';
import { WIRES } from '../wire/answer.ts';
import type { Answer } from '../wire/answer.ts';
import { GrpcClient } from '../wire/grpc.ts';
import type { Clients } from '../wire/harness.ts';
import { newEmail, newPhone, sendKey } from '../wire/identity/bench.ts';
import { assertIdentityRefusal, identityErrorOf } from '../wire/identity/errors.ts';
import { WIDE, assertJobAnswer, claimsOf, codeIn, confirmJob, deleteJob, jwtIn, messagesOf, requestJob, retrieveJob, storedJobsOf, updateJob } from '../wire/identity/jobs.ts';
import { revokeNosecret } from '../wire/identity/revocations.ts';
import { newIdentityKey, selfSigned } from '../wire/identity/signer.ts';
import { RestClient } from '../wire/rest.ts';

describe('calls on jobs whose connection to the database is cut', () => {
  let clients: Clients;
  let sql: Pool;
  let proxy: PostgresProxy;
  let started: AsyncDisposableStack;
  before(async () => {
    started = new AsyncDisposableStack();
    const database = started.use(await createDatabase());
    sql = started.adopt(new Pool({ connectionString: database.url, max: 1 }), (pool) => pool.end());
    proxy = started.use(await startProxy(database.url));
    const service = started.use(await startService({ settings: { ...WIDE, KEYTURN_DATABASE_URL: proxy.url, KEYTURN_PEER_FAILURES_PER_MINUTE: '100000' }, database }));
    clients = { rest: started.use(new RestClient(service.url)), grpc: started.use(new GrpcClient(service.grpc)) };
  });
  after(() => started.disposeAsync());
  beforeEach(() => proxy.restore());

  /**
   * Makes a call three times: the statement does not reach the server; its answer is lost; nothing is lost. The first is
   * refused by 500, the second is settled by what is stored.
   */
  const cut = async (statement: string, work: () => Promise<Answer>): Promise<Answer> => {
    proxy.cutNext(statement, 'request');
    assertIdentityRefusal(await work(), 'internal-error');
    proxy.cutNext(statement, 'reply');
    const answer = await work();
    assert.equal(identityErrorOf(answer), undefined, answer.body);
    return answer;
  };

  for (const wire of WIRES) {
    it(`${wire}: are settled by what is stored, once each, from the request to the deletion`, async () => {
      const key = newIdentityKey();
      await sendKey(clients, wire, 'keyRegister', { jwt: selfSigned(key) });
      const email = newEmail();
      const { body } = await cut('identity_job_open', () => requestJob(clients, wire, selfSigned(key, claimsOf('email', email))));
      const { job } = JSON.parse(body) as { job: string };
      assert.deepEqual(await storedJobsOf(sql, key), { jobs: 1, messages: 1, actions: ['identity.job_opened'] });
      const [message] = await messagesOf(sql, key.pk);
      const code = codeIn(message ?? assert.fail());
      assertJobAnswer(await cut('identity_job_confirm', () => confirmJob(clients, wire, job, code)), 202, '{"status":"confirmed"}');
      const jwt = jwtIn(await cut('identity_job_sign', () => updateJob(clients, wire, job)));
      assertJobAnswer(await updateJob(clients, wire, job), 200, `{"status":"ready","jwt":"${jwt}"}`);
      assertJobAnswer(await retrieveJob(clients, 'rest', job, 'application/jwt'), 200, jwt, 'application/jwt');
      assertJobAnswer(await cut('identity_job_delete', () => deleteJob(clients, wire, job)), 200, '{"status":"done"}');
      const actions = ['identity.job_opened', 'identity.job_confirmed', 'identity.job_signed', 'identity.job_deleted'];
      assert.deepEqual(await storedJobsOf(sql, key), { jobs: 0, messages: 0, actions });
      const { rows } = await sql.query('select cardinality(sent_at) as sent from sending_budget order by expires_at desc limit 1');
      assert.deepEqual(rows, [{ sent: 1 }], 'what was refused has taken nothing');
    });

    it(`${wire}: and so is a revocation by code`, async () => {
      const key = newIdentityKey();
      const named = { email: newEmail(), phone: newPhone() };
      await sendKey(clients, wire, 'keyRegister', { jwt: selfSigned(key) });
      await sendKey(clients, wire, 'keyBind', { pk: key.pk, jwt: selfSigned(key, named) });
      assertJobAnswer(await cut('commit', () => revokeNosecret(clients, wire, named)), 200, '{"status":"pending"}');
      const messages = await messagesOf(sql, key.pk);
      assert.equal(messages.length, 2);
      const code = codeIn(messages[0] ?? assert.fail());
      assertJobAnswer(await cut('commit', () => revokeNosecret(clients, wire, { ...named, code })), 200, '{"status":"done"}');
      assertIdentityRefusal(await revokeNosecret(clients, wire, named), 'unknown-key');
    });

    it(`${wire}: 64 PUTs while connections are cut: each answer is the one JWT, or 500`, async () => {
      const key = newIdentityKey();
      await sendKey(clients, wire, 'keyRegister', { jwt: selfSigned(key) });
      for (let round = 0; round < 3; round += 1) {
        const { job } = JSON.parse((await requestJob(clients, wire, selfSigned(key, claimsOf('email', newEmail())))).body) as { job: string };
        const message = (await messagesOf(sql, key.pk)).find(({ jobId }) => jobId === job);
        await confirmJob(clients, wire, job, codeIn(message ?? assert.fail()));
        for (const how of ['request', 'reply', 'running', 'reply'] as const) proxy.cutNext('identity_job_sign', how);
        const answers = await Promise.all(Array.from({ length: 64 }, () => updateJob(clients, wire, job)));
        const jwt = jwtIn(await updateJob(clients, wire, job));
        for (const answer of answers) {
          if (identityErrorOf(answer) === undefined) assert.equal(jwtIn(answer), jwt);
          else assertIdentityRefusal(answer, 'internal-error');
        }
      }
      const { actions } = await storedJobsOf(sql, key);
      assert.equal(actions.filter((action) => action === 'identity.job_signed').length, 3);
    });
  }
});
