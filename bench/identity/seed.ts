import { randomBytes } from 'node:crypto';
import { placeOf } from '../../src/crypto/key_ring.ts';
import type { KeyRing } from '../../src/crypto/key_ring.ts';
import { IssuerStore } from '../../src/db/issuer.ts';
import { Database } from '../../src/db/database.ts';
import { IssuerKeys } from '../../src/services/issuers/issuer_keys.ts';
import { withClient } from '../workbench.ts';
import { JOB_EMAIL } from './kinds.ts';

/** Registers keys, and makes the key by which jobs are signed. */
export async function seedIdentities(url: string, ring: KeyRing, keys: readonly string[]): Promise<void> {
  await using database = await Database.open({ url, poolSize: 1, log: () => {} });
  await new IssuerKeys(ring, new IssuerStore(database.run)).ensure('main', new Date());
  await withClient(url, async (client) => {
    await client.query(
      `insert into identity (pk, state, secret_sha256, registered_at) select pk, 'REGISTERED', sha256(pk::bytea), now() from unnest($1::text[]) as pk`,
      [keys],
    );
    await client.query('vacuum analyze');
    await client.query('checkpoint');
  });
}

export interface JobsOptions {
  /** The keys that the jobs are spread over. */
  readonly keys: readonly string[];
  readonly count: number;
  /** The JWT of jobs that are ready; undefined: they are confirmed. */
  readonly jwt: string | undefined;
}

/** Makes jobs whose code was told, and returns their names. */
export async function seedJobs(url: string, ring: KeyRing, { keys, count, jwt }: JobsOptions): Promise<string[]> {
  const jobs = Array.from({ length: count }, () => randomBytes(15).toString('base64url'));
  const sealed = jobs.map((job) => ring.seal(placeOf.identityJob(job), JSON.stringify({ address: JOB_EMAIL, jwt })));
  await withClient(url, async (client) => {
    await client.query(
      `insert into identity_job (job_id, pk, field, state, address_mac, key_id, box, code_mac, code_expires_at, wrong_tries, test, created_at, expires_at)
        select job_id, pk, 'email', $1, '', $2, box, '', now(), 0, false, now(), now() + interval '1 day'
        from unnest($3::text[], $4::text[], $5::bytea[]) as job (job_id, pk, box)`,
      [jwt === undefined ? 'CONFIRMED' : 'READY', sealed[0]?.keyId ?? '', jobs, jobs.map((_job, index) => keys[index % keys.length]), sealed.map(({ box }) => box)],
    );
    await client.query('vacuum analyze identity_job');
    await client.query('checkpoint');
  });
  return jobs;
}
