import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Client } from 'pg';
import { connect } from '../support/postgres.ts';
import { WIRES } from '../wire/answer.ts';
import type { Answer } from '../wire/answer.ts';
import { withBench } from '../wire/rows.ts';
import { MANY_FAILURES, SCOPES, assertGranted, assertRefused, holder, renewIts, storedTokens } from '../wire/tokens/renewals.ts';
import type { Holder, RefusalName } from '../wire/tokens/renewals.ts';

/** Fewer than the connections of the pool, so that all of them have read, and wait to write, at the same time. */
const CALLERS = 8;
const LOCK = 'select from device where device_id = $1 for update';
const WAITS = `select count(*)::int as waits from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;

/** What happens to a device between the read and the write of its renewals, and how many of those then succeed. */
const CHANGES: readonly (readonly [what: string, change: string, granted: number, refusal: RefusalName])[] = [
  ['it is frozen', `with gone as (delete from device_token where device_id = $1) update device set state = 'FROZEN' where device_id = $1`, 0, 'TOKEN'],
  ['it is removed', 'with gone as (delete from device_token where device_id = $1) delete from device where device_id = $1', 0, 'TOKEN'],
  ['its tokens are ended, and it stays active', 'delete from device_token where device_id = $1', 0, 'TOKEN'],
  ['its chain is cleared away', 'delete from device_token_chain where device_id = $1', 0, 'TOKEN'],
  ['all renewals but one are used', 'update device_token_chain set renewals = 23 where device_id = $1', 1, 'EXHAUSTED'],
  ['all renewals are used', 'update device_token_chain set renewals = 24 where device_id = $1', 0, 'EXHAUSTED'],
  ['nothing that matters', `update device set description = 'x' where device_id = $1`, CALLERS, 'TOKEN'],
];

describe('renewals that wait for their device', () => {
  const bench = withBench({ ...MANY_FAILURES, KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE: '1000' });
  let other: Client;
  before(async () => {
    other = await connect(bench().service.databaseUrl);
  });
  after(() => other.end());

  /** Renews a token many times at once while its device is locked, and changes the device once all of them wait. */
  async function overtaken(own: Holder, change: string): Promise<Answer[]> {
    await other.query('begin');
    await other.query(LOCK, [own.device.id]);
    const answers = Promise.all(Array.from({ length: CALLERS }, (_, index) => renewIts(bench(), WIRES[index % WIRES.length] ?? 'rest', own)));
    for (let waits = 0; waits < CALLERS;) waits = (await bench().sql.query<{ waits: number }>(WAITS)).rows[0]?.waits ?? 0;
    await other.query(change, [own.device.id]);
    await other.query('commit');
    return answers;
  }

  for (const [what, change, granted, refusal] of CHANGES) {
    it(`${what}: ${granted} of ${CALLERS} succeed, and nothing is half done`, async () => {
      const own = await holder(bench(), 'rest');
      const answers = await overtaken(own, change);
      const yes = answers.filter(({ status }) => status === 0 || status === 200);
      assert.equal(yes.length, granted);
      for (const answer of yes) assertGranted(answer, SCOPES.join(' '));
      for (const answer of answers.filter((one) => !yes.includes(one))) assertRefused(answer, refusal);
      const { tokens, audits } = await storedTokens(bench(), own);
      assert.equal(audits, granted);
      assert.ok(tokens === granted || tokens === granted + 1, String(tokens));
    });
  }
});
