import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Client } from 'pg';
import type { Database } from '../../src/db/database.ts';
import { DeviceTokenStore } from '../../src/db/device_token.ts';
import type { RenewableToken } from '../../src/db/device_token.ts';
import { expiryJobs } from '../../src/db/expiry.ts';
import { connect, createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { firstToken, issued, newToken } from './fixtures/device_tokens.ts';
import { ORIGIN, addDevice, openDatabase, waitingBackends } from './fixtures/rotations.ts';
import type { Key } from './fixtures/rotations.ts';

const MOST = 24;
const LIFETIME = 100;

const at = (seconds: number, milliseconds = 0): Date => new Date(ORIGIN.at.getTime() + seconds * 1000 + milliseconds);

describe('the clearing away of device tokens and their chains', () => {
  let own: TestDatabase;
  let database: Database;
  let client: Client;
  let store: DeviceTokenStore;
  let key: Key;
  before(async () => {
    own = await createDatabase();
    database = await openDatabase(own.url);
    client = await connect(own.url);
    store = new DeviceTokenStore(database.run);
    key = await addDevice(database, 'd');
  });
  after(async () => {
    await client.end();
    await database[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });

  const jobOf = (table: string, run = database.run): ReturnType<typeof expiryJobs>[number] => expiryJobs(run).find(({ name }) => name === `${table}_expiry`) ?? assert.fail(table);
  const sweep = async (now: Date): Promise<number[]> => [await jobOf('device_token').run(now), await jobOf('device_token_chain').run(now)];
  const left = async (): Promise<{ tokens: number; chains: number } | undefined> =>
    (await client.query<{ tokens: number; chains: number }>('select (select count(*)::int from device_token) as tokens, (select count(*)::int from device_token_chain) as chains')).rows[0];
  const first = (): Promise<RenewableToken> => issued(store, 'd', key, firstToken({ seconds: LIFETIME }));
  const renew = (earlier: RenewableToken, now: Date): Promise<string> => store.renew(earlier, newToken({ at: now, seconds: LIFETIME }), MOST, { ...ORIGIN, at: now });
  const clean = (): Promise<unknown> => client.query('delete from device_token; delete from device_token_chain');
  /** A sweep as another node makes it, in the transaction of `client`. */
  const sweepThere = async (table: string, now: Date): Promise<number> =>
    jobOf(table, async ({ text }, values) => (await client.query(text, [...values])).rows).run(now);

  it('takes a chain with its last token and not before', async () => {
    const earlier = await first();
    assert.equal(await renew(earlier, at(40)), 'renewed');
    assert.equal(await renew(earlier, at(20)), 'renewed', 'one that ends earlier does not make the chain shorter');
    assert.deepEqual(await sweep(at(LIFETIME, -1)), [0, 0]);
    assert.deepEqual(await sweep(at(LIFETIME)), [1, 0]);
    assert.deepEqual(await sweep(at(LIFETIME + 20)), [1, 0]);
    assert.deepEqual(await sweep(at(LIFETIME + 40, -1)), [0, 0]);
    assert.deepEqual(await sweep(at(LIFETIME + 40)), [1, 1]);
    assert.deepEqual(await left(), { tokens: 0, chains: 0 });
  });

  it('does not wait for a renewal under way, which keeps its chain', async () => {
    const earlier = await first();
    await client.query('begin');
    await client.query('select from device_token where token_sha256 = $1 for key share', [earlier.tokenSha256]);
    await client.query('update device_token_chain set renewals = renewals + 1, expires_at = $1', [at(LIFETIME * 2)]);
    assert.deepEqual(await sweep(at(LIFETIME)), [0, 0]);
    await client.query('commit');
    assert.deepEqual(await sweep(at(LIFETIME)), [1, 0]);
    await clean();
  });

  it('is not waited for by the renewal of a token that has not ended', async () => {
    const [ending, lasting] = [await first(), await issued(store, 'd', key, firstToken({ seconds: LIFETIME * 2 }))];
    await client.query('begin');
    assert.deepEqual([await sweepThere('device_token', at(LIFETIME)), await sweepThere('device_token_chain', at(LIFETIME))], [1, 1]);
    assert.equal(await renew(lasting, at(LIFETIME)), 'renewed');
    assert.equal(await renew(ending, at(LIFETIME)), 'ended');
    await client.query('commit');
    assert.deepEqual(await left(), { tokens: 2, chains: 1 });
    await clean();
  });

  for (const tables of [['device_token', 'device_token_chain'], ['device_token_chain']]) {
    it(`by a node with a clock a little ahead means that a token has ended, and not that its renewals are used up (${tables.join(', ')})`, async () => {
      const earlier = await first();
      await client.query('begin');
      for (const table of tables) assert.equal(await sweepThere(table, at(LIFETIME)), 1);
      const renewal = renew(earlier, at(LIFETIME, -1));
      await waitingBackends(own.url, 1);
      await client.query('commit');
      assert.equal(await renewal, 'ended');
      await clean();
    });
  }

  it('goes on while many renew, and each renewal has its token and its chain afterwards', async () => {
    const chains = await Promise.all(Array.from({ length: 8 }, first));
    const stop = new AbortController();
    const sweeping = (async (): Promise<void> => {
      while (!stop.signal.aborted) await sweep(at(LIFETIME, -1));
    })();
    const results = await Promise.all(chains.flatMap((chain) => Array.from({ length: 20 }, () => renew(chain, at(LIFETIME, -1)))));
    stop.abort();
    await sweeping;
    assert.deepEqual([...new Set(results)], ['renewed']);
    assert.deepEqual((await client.query('select distinct renewals from device_token_chain')).rows, [{ renewals: 20 }]);
    assert.deepEqual(await sweep(at(LIFETIME)), [8, 0]);
    assert.deepEqual(await left(), { tokens: 160, chains: 8 });
    assert.deepEqual(await sweep(at(2 * LIFETIME)), [160, 8]);
  });
});
