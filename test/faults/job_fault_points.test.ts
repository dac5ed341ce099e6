import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { Pool } from 'pg';
import { FAULT_POINTS } from '../../src/fault_points.ts';
import type { FaultPoint } from '../../src/fault_points.ts';
import { Service } from '../torture/service.ts';
import type { Answer } from '../wire/answer.ts';
import { GrpcClient } from '../wire/grpc.ts';
import type { Clients } from '../wire/harness.ts';
import { newEmail, secretIn, sendKey } from '../wire/identity/bench.ts';
import { assertIdentityRefusal, identityErrorOf } from '../wire/identity/errors.ts';
import { assertJobAnswer, claimsOf, codeIn, confirmJob, deleteJob, jwtIn, messagesOf, requestJob, retrieveJob, storedJobsOf, updateJob } from '../wire/identity/jobs.ts';
import type { StoredJobs } from '../wire/identity/jobs.ts';
import { newIdentityKey, selfSigned } from '../wire/identity/signer.ts';
import { RestClient } from '../wire/rest.ts';

/** Whether a killed service had done it by then. */
const COMMITTED: Readonly<Record<FaultPoint, boolean>> = { before_write: false, after_write: true, before_reply: true, after_reply: true };

describe('fault points of jobs', function () {
  this.timeout(180_000);

  it('are the places where a kill leaves all or nothing, and the retry of a PUT gets the stored bytes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyturn-faults-'));
    try {
      await using service = await Service.start(folder);
      const ring = service.keyRing();
      const call = async (work: (clients: Clients) => Promise<Answer>): Promise<Answer> => {
        using rest = new RestClient(service.url);
        using grpc = new GrpcClient('127.0.0.1:1');
        return await work({ rest, grpc });
      };
      const read = async <T>(work: (sql: Pool) => Promise<T>): Promise<T> => {
        const sql = new Pool({ connectionString: service.databaseUrl, max: 1 });
        try {
          return await work(sql);
        } finally {
          await sql.end();
        }
      };
      /** Kills the service at the point, and starts it again; what was heard by then. */
      const killed = async (point: FaultPoint, work: (clients: Clients) => Promise<Answer>): Promise<Answer | undefined> => {
        await service.arm({ point, probability: 1 });
        const heard = await call(work).catch(() => undefined);
        await service.untilKilled();
        assert.equal(heard !== undefined, point === 'after_reply', point);
        await service.restart();
        return heard;
      };
      for (const point of FAULT_POINTS) {
        const isCommitted = COMMITTED[point];
        const key = newIdentityKey();
        const stored = (): Promise<StoredJobs> => read((sql) => storedJobsOf(sql, key));
        secretIn(await call((clients) => sendKey(clients, 'rest', 'keyRegister', { jwt: selfSigned(key) })));
        const email = newEmail();
        const request = (clients: Clients): Promise<Answer> => requestJob(clients, 'rest', selfSigned(key, claimsOf('email', email)));
        await killed(point, request);
        assert.deepEqual(await stored(), isCommitted ? { jobs: 1, messages: 1, actions: ['identity.job_opened'] } : { jobs: 0, messages: 0, actions: [] });

        const { job } = JSON.parse((await call(request)).body) as { job: string };
        const message = (await read((sql) => messagesOf(sql, key.pk, ring))).find(({ jobId }) => jobId === job);
        const confirm = (clients: Clients): Promise<Answer> => confirmJob(clients, 'rest', job, codeIn(message ?? assert.fail()));
        await killed(point, confirm);
        assert.equal((await stored()).actions.includes('identity.job_confirmed'), isCommitted);
        assertJobAnswer(await call(confirm), 202, '{"status":"confirmed"}');

        const heard = await killed(point, (clients) => updateJob(clients, 'rest', job));
        const kept = await call((clients) => retrieveJob(clients, 'rest', job, 'application/jwt'));
        assert.equal(kept.status, isCommitted ? 200 : 204);
        const jwt = jwtIn(await call((clients) => updateJob(clients, 'rest', job)));
        if (isCommitted) assert.equal(jwt, kept.body);
        if (heard !== undefined) assert.equal(jwt, jwtIn(heard));
        assert.equal((await stored()).actions.filter((action) => action === 'identity.job_signed').length, 1);

        const remove = (clients: Clients): Promise<Answer> => deleteJob(clients, 'rest', job);
        await killed(point, remove);
        const again = await call(remove);
        if (isCommitted) assertIdentityRefusal(again, 'unknown-job');
        else assert.equal(identityErrorOf(again), undefined);
        assert.equal((await stored()).jobs, isCommitted ? 1 : 0, 'of the first request whose answer was lost');
      }
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    }
  });
});
