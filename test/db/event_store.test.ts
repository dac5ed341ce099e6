import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Client } from 'pg';
import type { Database } from '../../src/db/database.ts';
import { EventStore, isLater, isSnapshot } from '../../src/db/event.ts';
import type { EventWindow } from '../../src/db/event.ts';
import { connect, createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { openDatabase } from './fixtures/rotations.ts';

const ALL = { projectId: null, deviceId: null };
const INSERT = `insert into outbox (occurred_at, project_id, device_id, type, payload) values (now(), 'default', $1, $2, '{}')`;

/** Reads on from a snapshot, as somebody who follows does. */
class Reader {
  readonly #store: EventStore;
  #snapshot: string;

  constructor(store: EventStore, snapshot: string) {
    this.#store = store;
    this.#snapshot = snapshot;
  }

  /** What is new, by type. */
  async read(): Promise<string[]> {
    const window = await this.#store.open(this.#snapshot);
    if (window === undefined) return [];
    this.#snapshot = window.upto;
    return readAll(this.#store, window);
  }
}

async function readAll(store: EventStore, window: EventWindow): Promise<string[]> {
  const types: string[] = [];
  for (let eventId = window.first; eventId < window.last;) {
    const { rows, reached } = await store.read(window, eventId, ALL);
    types.push(...rows.map(({ type }) => type));
    eventId = reached;
  }
  return types;
}

describe('events in the outbox', () => {
  let own: TestDatabase;
  let database: Database;
  let store: EventStore;
  const clients: Client[] = [];
  before(async () => {
    own = await createDatabase();
    database = await openDatabase(own.url, 4);
    store = new EventStore(database.run);
    for (let index = 0; index < 3; index += 1) clients.push(await connect(own.url));
    await clients[0]?.query(
      `insert into device (device_id, project_id, node_id, product_id, state, updates_allowed, scopes, created_at, updated_at, record_id)
      values ('a', 'default', '', '', 'ACTIVE', true, '{}', now(), now(), '\\x00')`,
    );
  });
  after(async () => {
    await Promise.all(clients.map((client) => client.end()));
    await database[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });
  const reader = async (): Promise<Reader> => new Reader(store, (await store.now()).snapshot);
  const client = (index: number): Client => clients[index] ?? assert.fail();

  it('of a transaction that is held open come when it has ended, and those of others meanwhile', async () => {
    const events = await reader();
    const [held, other] = [client(0), client(1)];
    await held.query('begin');
    await held.query(INSERT, ['x', 'held']);
    await other.query(INSERT, ['y', 'first']);
    assert.deepEqual(await events.read(), ['first']);
    await other.query(INSERT, ['y', 'second']);
    assert.deepEqual(await events.read(), ['second']);
    assert.deepEqual(await events.read(), []);
    await held.query('commit');
    assert.deepEqual(await events.read(), ['held']);
    assert.deepEqual(await events.read(), []);
  });

  it('of a transaction that had drawn its event id long before come too', async () => {
    const [held, other] = [client(0), client(1)];
    await held.query('begin');
    // The id of the event is drawn, that of the transaction is not.
    const { rows } = await held.query<{ id: string }>(`select nextval('outbox_event_id_seq') as id`);
    const events = await reader();
    for (let index = 0; index < 40; index += 1) await other.query(INSERT, ['y', 'other']);
    assert.equal((await events.read()).length, 40);
    await held.query(`insert into outbox (event_id, occurred_at, project_id, device_id, type, payload) values ($1, now(), 'default', 'x', 'early', '{}')`, [rows[0]?.id]);
    await other.query(INSERT, ['y', 'late']);
    assert.deepEqual(await events.read(), ['late']);
    await held.query('commit');
    assert.deepEqual(await events.read(), ['early']);
  });

  it('of a transaction that was rolled back never come', async () => {
    const events = await reader();
    await client(0).query('begin');
    await client(0).query(INSERT, ['x', 'undone']);
    await client(1).query(INSERT, ['y', 'done']);
    await client(0).query('rollback');
    assert.deepEqual(await events.read(), ['done']);
    assert.deepEqual(await events.read(), []);
  });

  it('of one device are in order where the later change has the smaller transaction id, and a third one between is still open', async () => {
    const [later, between, earlier] = [client(0), client(1), client(2)];
    const lock = `select from device where device_id = 'a' for update`;
    const xact = 'select pg_current_xact_id()';
    const events = await reader();
    await later.query('begin');
    await later.query(xact);
    await between.query('begin');
    await between.query(xact);
    await earlier.query('begin');
    await earlier.query(lock);
    await earlier.query(INSERT, ['a', 'earlier']);
    const waits = later.query(lock);
    await earlier.query('commit');
    await waits;
    await later.query(INSERT, ['a', 'later']);
    await later.query('commit');
    // The transaction of the later event is older than every one that runs, that of the earlier one is not.
    const { rows } = await between.query<{ type: string; settled: boolean }>(
      `select type, xact < pg_snapshot_xmin(pg_current_snapshot()) as settled from outbox where device_id = 'a' order by event_id`,
    );
    assert.deepEqual(rows, [{ type: 'earlier', settled: false }, { type: 'later', settled: true }]);
    assert.deepEqual(await events.read(), ['earlier', 'later']);
    await between.query('rollback');
    assert.deepEqual(await events.read(), []);
  });

  it('are read in steps, however many there are, and each once', async () => {
    const { snapshot } = await store.now();
    await client(0).query(
      `insert into outbox (occurred_at, project_id, device_id, type, payload) select now(), 'default', 'd-' || g % 7, 't-' || g, '{}' from generate_series(1, 1500) g`,
    );
    const window = (await store.open(snapshot)) ?? assert.fail('nothing is new');
    assert.deepEqual(await readAll(store, window), Array.from({ length: 1500 }, (_, index) => `t-${index + 1}`));
    const { rows, reached } = await store.read(window, window.first, { projectId: 'default', deviceId: 'nobody' });
    assert.deepEqual([rows, reached], [[], window.first + 512n]);
    assert.equal((await store.read(window, window.last - 3n, { projectId: 'default', deviceId: null })).rows.length, 3);
  });

  it('have snapshots as PostgreSQL reads them', async () => {
    for (const text of ['1:1:', '5:9:5', '5:9:5,7,8', '5:9:5,5', '10:20:', `1:${2n ** 64n - 1n}:`]) {
      assert.ok(isSnapshot(text), text);
      await client(0).query('select $1::pg_snapshot', [text]);
    }
    for (const text of ['', '1', '1:1', '0:1:', '2:1:', '1:3:3', '1:3:2,1', '1:3:0', '1:1:,', '1:3:1,', ' 1:1:', '1:1: ', 'a:b:', '-1:1:', '1:1:1:1']) {
      assert.ok(!isSnapshot(text), text);
    }
    assert.deepEqual([isLater('5:9:', '5:8:'), isLater('5:9:', '5:9:5'), isLater('9:9:', '5:10:')], [true, false, false]);
  });
});
