import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createDatabase } from '../support/postgres.ts';
import { startService } from '../support/service.ts';
import { WIRES } from '../wire/answer.ts';
import type { Answer } from '../wire/answer.ts';
import { GrpcClient } from '../wire/grpc.ts';
import { newEmail, sendKey } from '../wire/identity/bench.ts';
import { identityErrorOf } from '../wire/identity/errors.ts';
import { claimsOf, codeIn, confirmJob, deleteJob, messagesOf, requestJob, retrieveJob, updateJob, wrongCode } from '../wire/identity/jobs.ts';
import { newIdentityKey, selfSigned } from '../wire/identity/signer.ts';
import { RestClient } from '../wire/rest.ts';
import { startProxy } from './fixtures/postgres_proxy.ts';
import { Pool } from 'pg';

describe('round trips of calls on jobs', () => {
  it('are one read and one write at most', async () => {
    await using database = await createDatabase();
    await using proxy = await startProxy(database.url);
    await using service = await startService({ settings: { KEYTURN_DATABASE_URL: proxy.url }, database });
    await using stack = new AsyncDisposableStack();
    const sql = stack.adopt(new Pool({ connectionString: database.url, max: 1 }), (pool) => pool.end());
    using rest = new RestClient(service.url);
    using grpc = new GrpcClient(service.grpc);
    const clients = { rest, grpc };
    for (const wire of WIRES) {
      const key = newIdentityKey();
      await sendKey(clients, wire, 'keyRegister', { jwt: selfSigned(key) });
      const email = newEmail();
      const asked = async (work: Promise<Answer>, word?: string): Promise<readonly [readonly string[], Answer]> => {
        proxy.asked.length = 0;
        const answer = await work;
        assert.equal(identityErrorOf(answer), word, answer.body);
        // What the sweeper and the sending of messages ask goes on beside the call.
        return [proxy.asked.filter(({ kind, name }) => kind !== 'parse' && !/^(?:ping|message_.*|.*_expiry|outbox.*)$/.test(name)).map(({ name, text }) => name + text), answer];
      };
      const [opening, { body }] = await asked(requestJob(clients, wire, selfSigned(key, claimsOf('email', email))));
      assert.deepEqual(opening, ['identity_job_opening', 'identity_job_open']);
      const { job } = JSON.parse(body) as { job: string };
      const [message] = await messagesOf(sql, key.pk);
      const code = codeIn(message ?? assert.fail());
      const rows = [
        [() => confirmJob(clients, wire, job, wrongCode(code)), ['identity_job_read', 'identity_job_count_wrong'], 'auth-error'],
        [() => confirmJob(clients, wire, job, code), ['identity_job_read', 'identity_job_confirm'], undefined],
        [() => confirmJob(clients, wire, job, code), ['identity_job_read'], undefined],
        [() => updateJob(clients, wire, job), ['identity_job_read_to_sign', 'identity_job_sign'], undefined],
        [() => updateJob(clients, wire, job), ['identity_job_read_to_sign'], undefined],
        [() => retrieveJob(clients, wire, job), ['identity_job_read'], undefined],
        [() => deleteJob(clients, wire, job), ['identity_job_delete'], undefined],
        [() => updateJob(clients, wire, 'x'), [], 'unknown-job'],
        [() => requestJob(clients, wire, selfSigned(key, { scope: 'email' })), [], 'bad-request'],
      ] as const;
      for (const [work, statements, word] of rows) assert.deepEqual((await asked(work(), word))[0], statements);
    }
  });
});
