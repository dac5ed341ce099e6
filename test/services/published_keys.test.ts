import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { IssuerStore } from '../../src/db/issuer.ts';
import type { Run } from '../../src/db/database.ts';
import { PublishedKeys } from '../../src/services/issuers/published_keys.ts';
import { Unavailable } from '../../src/unavailable.ts';
import { createDatabase, execute } from '../support/postgres.ts';
import { openDatabase } from '../db/fixtures/rotations.ts';

const ADD = (key: string, at: string): string =>
  `insert into issuer_key (public_key, issuer, key_id, box, created_at) values ('${key}', 'main', 'k', '', '${at}')`;

describe('the published keys', () => {
  it('are read by one statement at a time, and nobody sees less than there was when it asked', async () => {
    await using own = await createDatabase();
    await using database = await openDatabase(own.url, 4);
    let running = 0;
    let most = 0;
    let count = 0;
    const run: Run = async (statement, values) => {
      running += 1;
      count += 1;
      most = Math.max(most, running);
      try {
        return await database.run(statement, values);
      } finally {
        running -= 1;
      }
    };
    const keys = new PublishedKeys(new IssuerStore(run));
    assert.deepEqual(await keys.read(), []);
    for (let round = 0; round < 20; round += 1) {
      const before = Array.from({ length: 200 }, () => keys.read());
      const name = `key-${String(round).padStart(2, '0')}`;
      await execute(own.url, ADD(name, `2026-01-01T00:00:${round + 10}Z`));
      const after = await Promise.all(Array.from({ length: 200 }, () => keys.read()));
      for (const read of after) assert.equal(read[0], name);
      await Promise.all(before);
    }
    assert.equal(most, 1);
    assert.ok(count <= 1 + 20 * 4, `${count} statements for 8000 that asked`);
  });

  it('are shown for a minute after the database has gone, and no longer', async () => {
    await using own = await createDatabase();
    await using database = await openDatabase(own.url, 2);
    await execute(own.url, ADD('one', '2026-01-01T00:00:00Z'));
    let isAway = false;
    let time = 0;
    const run: Run = (statement, values) => (isAway ? Promise.reject(new Unavailable('away')) : database.run(statement, values));
    const keys = new PublishedKeys(new IssuerStore(run), () => time);
    isAway = true;
    await assert.rejects(keys.read(), Unavailable);
    isAway = false;
    time = 1_000;
    assert.deepEqual(await keys.read(), ['one']);
    isAway = true;
    for (time of [1_001, 60_999]) assert.deepEqual(await keys.read(), ['one']);
    time = 61_000;
    await assert.rejects(keys.read(), Unavailable);
    isAway = false;
    assert.deepEqual(await keys.read(), ['one']);
  });

  it('wait for nobody who holds them longer than a moment', async () => {
    let hangs = false;
    const run: Run = async <Row>() => (hangs ? new Promise<Row[]>(() => {}) : ([{ publicKey: 'one' }] as Row[]));
    const keys = new PublishedKeys(new IssuerStore(run));
    hangs = true;
    const unknown = new PublishedKeys(new IssuerStore(run));
    hangs = false;
    assert.deepEqual(await keys.read(), ['one']);
    hangs = true;
    const [shown, refused] = await Promise.allSettled([Promise.all([keys.read(), keys.read(), keys.read()]), unknown.read()]);
    assert.deepEqual(shown, { status: 'fulfilled', value: [['one'], ['one'], ['one']] });
    assert.ok(refused.status === 'rejected' && refused.reason instanceof Unavailable);
  });
});
