import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Client } from 'pg';
import type { Database } from '../../src/db/database.ts';
import { DeviceStore } from '../../src/db/device.ts';
import { DeviceJwtStore } from '../../src/db/device_jwt.ts';
import { DeviceTokenStore } from '../../src/db/device_token.ts';
import { jtiClearing } from '../../src/db/jti_clearing.ts';
import { RotationStore } from '../../src/db/rotation.ts';
import { connect, createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { firstToken, newSpent } from './fixtures/device_tokens.ts';
import { ORIGIN, addDevice, newKey, newRotation, openDatabase, rowsOf, waitingBackends } from './fixtures/rotations.ts';
import type { Key } from './fixtures/rotations.ts';

/** Keys and entries that one statement deals with at most. */
const [KEYS, ENTRIES] = [10, 50];
/** When the keys that are replaced here have been so for a day. */
const LATER = new Date(ORIGIN.at.getTime() + 86_400_000);

describe('the clearing away of used jti values', () => {
  let own: TestDatabase;
  let database: Database;
  let client: Client;
  before(async () => {
    own = await createDatabase();
    database = await openDatabase(own.url);
    client = await connect(own.url);
  });
  after(async () => {
    await client.end();
    await database[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });

  const clear = (now = LATER): Promise<number> => jtiClearing(database.run).run(now);
  const clearAll = async (): Promise<void> => {
    while ((await clear()) > 0);
  };
  /** Entries of a device by the key that has signed them, and how far its keys are cleared. */
  const entriesOf = async (deviceId: string): Promise<Record<string, number>> => {
    const rows = await rowsOf<{ thumbprint: string; n: number }>(own.url, 'select thumbprint, count(*)::int as n from used_jti where device_id = $1 group by 1', [deviceId]);
    return Object.fromEntries(rows.map(({ thumbprint, n }) => [thumbprint, n]));
  };
  const isCleared = async ({ thumbprint }: Key): Promise<boolean | undefined> =>
    (await rowsOf<{ cleared: boolean }>(own.url, 'select jtis_cleared as cleared from public_key where thumbprint = $1', [thumbprint]))[0]?.cleared;
  /** Entries as a device leaves them that uses `count` JWTs. */
  const use = async (deviceId: string, { thumbprint }: Key, count: number): Promise<void> => {
    await rowsOf(own.url, `insert into used_jti (device_id, jti, thumbprint, used_at) select $1, replace(gen_random_uuid()::text, '-', ''), $2, now() from generate_series(1, $3)`, [deviceId, thumbprint, count]);
  };
  const rotate = async (deviceId: string, from: Key): Promise<Key> => {
    const to = newKey();
    assert.equal(await new RotationStore(database.run).write(newRotation(deviceId, from, to), ORIGIN), 'rotated');
    return to;
  };

  it('takes those of replaced keys, with that of the rotation, and leaves those of the current one', async () => {
    const first = await addDevice(database, 'rotates');
    await new DeviceTokenStore(database.run).issue(newSpent('rotates', first), firstToken(), ORIGIN);
    await new DeviceJwtStore(database.run).spend(newSpent('rotates', first), ORIGIN);
    assert.equal(await clear(), 0);
    assert.deepEqual(await entriesOf('rotates'), { [first.thumbprint]: 2 });
    const second = await rotate('rotates', first);
    await new DeviceJwtStore(database.run).spend(newSpent('rotates', second), ORIGIN);
    assert.deepEqual(await entriesOf('rotates'), { [first.thumbprint]: 3, [second.thumbprint]: 1 });
    assert.equal(await clear(new Date(LATER.getTime() - 1)), 0, 'not before its time');
    assert.equal(await clear(), 1);
    assert.deepEqual(await entriesOf('rotates'), { [second.thumbprint]: 1 });
    assert.deepEqual([await isCleared(first), await isCleared(second)], [true, false]);
    assert.equal(await clear(), 0);
  });

  it('takes none of a removed device, whose entries have gone with it, and none of the next of its name', async () => {
    const gone = await addDevice(database, 'removed');
    await use('removed', gone, 3);
    await new DeviceStore(database).remove('removed', ORIGIN);
    const next = await addDevice(database, 'removed');
    await use('removed', next, 2);
    await clearAll();
    assert.deepEqual(await entriesOf('removed'), { [next.thumbprint]: 2 });
    assert.deepEqual([await isCleared(gone), await isCleared(next)], [true, false]);
  });

  it('goes in small steps, those of the key that was replaced first of all before others', async () => {
    const keys: Key[] = [];
    for (let n = 0; n < KEYS + 1; n += 1) {
      const key = await addDevice(database, `step-${n}`);
      keys.push(key);
      await use(`step-${n}`, key, 2 * ENTRIES);
      await new RotationStore(database.run).write(newRotation(`step-${n}`, key, newKey()), { ...ORIGIN, at: new Date(ORIGIN.at.getTime() - 1000 * (100 - n)) });
    }
    const left = async (): Promise<number[]> => Promise.all(keys.map(async ({ thumbprint }, n) => (await entriesOf(`step-${n}`))[thumbprint] ?? 0));
    const rest = (entries: number): number[] => [...Array.from({ length: KEYS }, () => entries), 2 * ENTRIES + 1];
    assert.equal(await clear(), KEYS);
    assert.deepEqual(await left(), rest(ENTRIES + 1));
    assert.equal(await clear(), KEYS);
    assert.deepEqual(await left(), rest(1));
    assert.equal(await clear(), KEYS);
    assert.deepEqual(await left(), rest(0));
    await clearAll();
    assert.deepEqual(await left(), keys.map(() => 0));
    assert.deepEqual(await Promise.all(keys.map(isCleared)), keys.map(() => true));
  });

  it('looks at no more entries of a device with a hundred thousand than of any other', async () => {
    const old = await addDevice(database, 'mountain');
    await use('mountain', old, 100_000);
    const next = await rotate('mountain', old);
    await use('mountain', next, 100_000);
    await client.query('vacuum analyze used_jti');
    await clear();
    const { text, values } = await statementOfJob();
    await client.query('begin');
    const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(`explain (analyze, format json) ${text}`, values);
    await client.query('rollback');
    const scanned = nodesOf(rows[0]?.['QUERY PLAN'][0].Plan ?? assert.fail()).filter((node) => node['Relation Name'] === 'used_jti' && /Scan/.test(node['Node Type']));
    assert.ok(scanned.length >= 3);
    for (const node of scanned) {
      assert.match(node['Node Type'], /Index|Tid/);
      assert.ok(node['Actual Rows'] * node['Actual Loops'] + (node['Rows Removed by Filter'] ?? 0) <= KEYS * ENTRIES, JSON.stringify(node));
    }
    await clearAll();
    assert.deepEqual(await entriesOf('mountain'), { [next.thumbprint]: 100_000 });
    assert.equal(await isCleared(old), true);
    await client.query(`delete from used_jti where device_id = 'mountain'`);
  });

  it('waits for nobody who is at work on a device, and takes later what it has left', async () => {
    const old = await addDevice(database, 'busy');
    await use('busy', old, ENTRIES);
    const current = await rotate('busy', old);
    await client.query('begin');
    await client.query(`select from device where device_id = 'busy' for update`);
    await client.query(`select from used_jti where device_id = 'busy' order by jti limit 1 for update`);
    assert.equal(await clear(), 0);
    assert.deepEqual(await entriesOf('busy'), { [old.thumbprint]: 2 }, 'one is locked, and one lies behind the place');
    await client.query('commit');
    await clearAll();
    assert.deepEqual(await entriesOf('busy'), {});
    await client.query('begin');
    await client.query('select from public_key where thumbprint = $1 for update', [old.thumbprint]);
    await rotate('busy', current);
    await clearAll();
    await client.query('commit');
    assert.deepEqual(await entriesOf('busy'), {});
  });

  it('is waited for by nobody who issues, verifies or rotates', async () => {
    const old = await addDevice(database, 'free');
    await use('free', old, 3);
    const current = await rotate('free', old);
    const { text, values } = await statementOfJob();
    await client.query('begin; set local lock_timeout = 100');
    assert.deepEqual((await client.query(text, values)).rows, [{ cleared: 1 }]);
    assert.equal(await new DeviceTokenStore(database.run).issue(newSpent('free', current), firstToken(), ORIGIN), 'spent');
    assert.equal(await new DeviceJwtStore(database.run).spend(newSpent('free', current), ORIGIN), 'spent');
    await rotate('free', current);
    assert.equal(await clear(), 1, 'another node has taken the key that was replaced just now');
    await client.query('commit');
    assert.equal(await clear(), 0);
  });

  it('and the removal of its device wait for each other, and neither without end', async () => {
    const old = await addDevice(database, 'goes');
    await use('goes', old, 3);
    await rotate('goes', old);
    const { text, values } = await statementOfJob();
    await client.query('begin');
    assert.deepEqual((await client.query(text, values)).rows, [{ cleared: 1 }]);
    const removal = new DeviceStore(database).remove('goes', ORIGIN);
    await waitingBackends(own.url, 1);
    await client.query('commit');
    assert.equal(await removal, 'removed');
    assert.deepEqual(await entriesOf('goes'), {});
  });

  it('is done by several nodes at once, each key by one', async () => {
    await clearAll();
    const keys: Key[] = [];
    for (let n = 0; n < 40; n += 1) {
      const key = await addDevice(database, `node-${n}`);
      keys.push(key);
      await use(`node-${n}`, key, 10);
      await rotate(`node-${n}`, key);
    }
    await Promise.all(Array.from({ length: 8 }, () => database.ping()));
    const counts = await Promise.all(Array.from({ length: 4 }, async () => {
      let sum = 0;
      for (let n = await clear(); n > 0; n = await clear()) sum += n;
      return sum;
    }));
    assert.equal(counts.reduce((one, other) => one + other), keys.length, String(counts));
    assert.deepEqual(await Promise.all(keys.map(isCleared)), keys.map(() => true));
    assert.deepEqual(await rowsOf(own.url, `select count(*)::int as n from used_jti where device_id like 'node-%'`), [{ n: 0 }]);
  });
});

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly Plan[];
}

function nodesOf(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}

/** The statement of the job, to be run elsewhere. */
async function statementOfJob(): Promise<{ text: string; values: Date[] }> {
  const asked: string[] = [];
  await jtiClearing(({ text }) => {
    asked.push(text);
    return Promise.resolve([]);
  }).run(LATER);
  return { text: asked[0] ?? assert.fail('nothing was asked'), values: [ORIGIN.at] };
}
