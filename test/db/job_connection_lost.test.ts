import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { Database } from '../../src/db/database.ts';
import { JobStore } from '../../src/db/identity_job.ts';
import { JobOpenings } from '../../src/db/identity_job_open.ts';
import type { NewJob } from '../../src/db/identity_job_open.ts';
import { RevocationStore } from '../../src/db/identity_revocation.ts';
import { Unavailable } from '../../src/unavailable.ts';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { addIdentity, addIssuer, addRevocable, newJob, sealed } from './fixtures/jobs.ts';
import { startProxy } from './fixtures/postgres_proxy.ts';
import type { PostgresProxy } from './fixtures/postgres_proxy.ts';
import { ORIGIN, openDatabase, rowsOf } from './fixtures/rotations.ts';

/** A call that writes: its statement, the one that reads its outcome back, and how it is made. */
interface Write {
  readonly statement: string;
  readonly readBack: string;
  readonly make: (database: Database) => Promise<{ readonly pk: string; readonly work: () => Promise<unknown> }>;
  readonly done: unknown;
  readonly action: string;
}

async function openJob(database: Database): Promise<NewJob> {
  const job = newJob((await addIdentity(database)).pk);
  await new JobOpenings(database.run).open(job, ORIGIN);
  return job;
}

const WRITES: Readonly<Record<string, Write>> = {
  opening: {
    statement: 'identity_job_open', readBack: 'identity_job_opened', done: 'opened', action: 'identity.job_opened',
    make: async (database) => {
      const { pk } = await addIdentity(database);
      const job = newJob(pk);
      return { pk, work: () => new JobOpenings(database.run).open(job, ORIGIN) };
    },
  },
  confirmation: {
    statement: 'identity_job_confirm', readBack: 'identity_job_read', done: true, action: 'identity.job_confirmed',
    make: async (database) => {
      const { pk, jobId } = await openJob(database);
      return { pk, work: () => new JobStore(database.run).confirm(jobId, ORIGIN) };
    },
  },
  signature: {
    statement: 'identity_job_sign', readBack: 'identity_job_read', done: true, action: 'identity.job_signed',
    make: async (database) => {
      const { pk, jobId } = await openJob(database);
      const jobs = new JobStore(database.run);
      await jobs.confirm(jobId, ORIGIN);
      const signature = { jobId, content: sealed(), signedBy: undefined };
      return { pk, work: () => jobs.sign(signature, ORIGIN) };
    },
  },
  deletion: {
    statement: 'identity_job_delete', readBack: 'identity_job_read', done: true, action: 'identity.job_deleted',
    make: async (database) => {
      const { pk, jobId } = await openJob(database);
      return { pk, work: () => new JobStore(database.run).delete(jobId, ORIGIN) };
    },
  },
  'code for a revocation': {
    statement: 'commit', readBack: 'identity_revocation_code', done: true, action: 'identity.revocation_requested',
    make: async (database) => {
      const code = await addRevocable(database);
      return { pk: code.pk, work: () => new RevocationStore(database).request(code, ORIGIN) };
    },
  },
  'revocation by its code': {
    statement: 'commit', readBack: 'identity_revocation_state', done: true, action: 'identity.revoked',
    make: async (database) => {
      const code = await addRevocable(database);
      const codes = new RevocationStore(database);
      await codes.request(code, ORIGIN);
      return { pk: code.pk, work: () => codes.revoke(code.pk, code, ORIGIN) };
    },
  },
};

describe('a change of a job, or a revocation by code, whose connection is lost', () => {
  let own: TestDatabase;
  let proxy: PostgresProxy;
  let database: Database;
  before(async () => {
    own = await createDatabase();
    proxy = await startProxy(own.url);
    database = await openDatabase(proxy.url);
    await addIssuer(database);
  });
  after(async () => {
    await database[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });
  beforeEach(() => proxy.restore());

  const auditsOf = async (pk: string, action: string): Promise<number> => (await rowsOf(own.url, 'select from audit_event where identity = $1 and action = $2', [pk, action])).length;

  for (const [name, { statement, readBack, make, done, action }] of Object.entries(WRITES)) {
    it(`${name}: after the commit it is settled by what is stored, on a new connection`, async () => {
      const { pk, work } = await make(database);
      proxy.asked.length = 0;
      proxy.cutNext(statement, 'reply');
      assert.deepEqual(await work(), done);
      assert.equal(proxy.ran().at(-1), readBack);
      assert.equal(await auditsOf(pk, action), 1);
    });

    it(`${name}: before the server got it nothing has changed, and the same again succeeds`, async () => {
      const { pk, work } = await make(database);
      proxy.cutNext(statement, 'request');
      await assert.rejects(work(), Unavailable);
      assert.equal(await auditsOf(pk, action), 0);
      assert.deepEqual(await work(), done);
      assert.equal(await auditsOf(pk, action), 1);
    });

    it(`${name}: if the outcome cannot be read either, the call fails, though all of it is there`, async () => {
      const { pk, work } = await make(database);
      proxy.cutNext(statement, 'reply');
      proxy.cutNext(readBack, 'request');
      await assert.rejects(work(), Unavailable);
      assert.equal(await auditsOf(pk, action), 1);
    });
  }
});
