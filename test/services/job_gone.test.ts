import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { connect } from '../support/postgres.ts';
import { openIdentities } from '../db/fixtures/sealed.ts';
import { WIRES } from '../wire/answer.ts';
import { newEmail, newPhone, withIdentities } from '../wire/identity/bench.ts';
import { WIDE, deleteJob, readyJob, waitingJob } from '../wire/identity/jobs.ts';
import { testKeyRing } from '../wire/resets.ts';

describe('what is left of a job', () => {
  const bench = withIdentities(WIDE);

  /** Every live row as text with what is sealed in it opened, those in which `text` is, by table. */
  async function holding(text: string): Promise<string[]> {
    const client = await connect(bench().service.databaseUrl);
    try {
      const { rows: tables } = await client.query<{ name: string }>("select quote_ident(relname) as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1");
      const found = new Set<string>();
      for (const { name } of tables) {
        const { rows } = await client.query<{ row: string }>(`select t::text as row from ${name} t`);
        if (rows.some(({ row }) => row.includes(text))) found.add(name);
      }
      const opened = Object.values(await openIdentities(bench().service.databaseUrl, testKeyRing()));
      for (const [place, value] of opened.flatMap((values) => Object.entries(values))) {
        if (value.includes(text)) found.add(place.split(' ', 1)[0] ?? '');
      }
      return [...found].toSorted();
    } finally {
      await client.end();
    }
  }

  for (const wire of WIRES) {
    for (const field of ['email', 'phone'] as const) {
      it(`${wire}: DELETE of a job leaves nothing of its ${field}, nor of its JWT, however far it was`, async () => {
        for (const make of [waitingJob, readyJob]) {
          const value = field === 'email' ? newEmail() : newPhone();
          const open = await make(bench(), { wire, field, value });
          assert.deepEqual(await holding(value), ['identity_job', 'message']);
          const jwt = 'jwt' in open ? String(open.jwt) : undefined;
          if (jwt !== undefined) assert.deepEqual(await holding(jwt), ['identity_job']);
          assert.equal((await deleteJob(bench(), wire, open.job)).status, wire === 'rest' ? 200 : 0);
          assert.deepEqual(await holding(value), []);
          if (jwt !== undefined) assert.deepEqual(await holding(jwt), []);
          assert.deepEqual(await holding(open.job), [], 'not even its name');
        }
      });
    }
  }

  it('nor does the end of its time, or the revocation of its key', async () => {
    const [late, revoked] = [await readyJob(bench()), await readyJob(bench())];
    await bench().operator('POST', `/v1/identities/${revoked.key.pk}:revoke`, {});
    assert.deepEqual(await holding(revoked.value), []);
    bench().service.clock.advance(86_400_000 + 1000);
    await bench().service.app.sweeper.sweep();
    assert.deepEqual(await holding(late.value), []);
  });
});
