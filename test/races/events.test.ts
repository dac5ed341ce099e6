import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Pool } from 'pg';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { WIRES } from '../wire/answer.ts';
import { follow, following } from '../wire/followers.ts';
import type { Follower, Seen } from '../wire/followers.ts';
import { RestClient } from '../wire/rest.ts';

const WRITERS = 16;
const CHANGES = 40;
const DEVICES = ['few-1', 'few-2', 'few-3'];
/** Longest that a follower stays before it goes away and comes again, milliseconds. */
const STAY = 300;

describe('events under concurrent changes, over two services on one database', () => {
  let own: TestDatabase;
  let services: readonly TestService[];
  let clients: readonly RestClient[];
  let sql: Pool;
  before(async () => {
    own = await createDatabase();
    services = [await startService({ database: own }), await startService({ database: own })];
    clients = services.map(({ url }) => new RestClient(url));
    sql = new Pool({ connectionString: own.url, max: 2 });
    for (const id of DEVICES) assert.equal((await post(0, '/v1/devices', { device_id: id })).status, 200);
  });
  after(async () => {
    await sql.end();
    for (const client of clients) client[Symbol.dispose]();
    for (const service of services) await service[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });

  const post = (turn: number, target: string, body: object): ReturnType<RestClient['send']> =>
    (clients[turn % clients.length] ?? assert.fail()).send({
      target, headers: [['Authorization', `Bearer ${OPERATOR_TOKEN}`], ['X-Auth-Token', OPERATOR_TOKEN], ['Content-Type', 'application/json']], body: JSON.stringify(body),
    });

  const write = async (writer: number): Promise<void> => {
    for (let index = 0; index < CHANGES; index += 1) {
      const id = DEVICES[(writer + index) % DEVICES.length] ?? '';
      const target = [`/v1/devices/${id}:freeze`, `/v1/devices/${id}:unfreeze`, `/v5/iot/default/devices/${id}/action?action_id=resetSecret`][(writer * 7 + index) % 3] ?? '';
      const answer = await post(writer + index, target, {});
      assert.equal(answer.status, 200, answer.body);
    }
  };

  /** Holds transactions open that have an event and others in between, until it is over. */
  const hold = async (isOver: () => boolean): Promise<void> => {
    const client = new Client({ connectionString: own.url });
    await client.connect();
    for (let round = 0; !isOver(); round += 1) {
      await client.query('begin');
      await client.query(`insert into outbox (occurred_at, project_id, device_id, type, payload) values (now(), 'default', 'held', 'round', '{}')`);
      await sleep(40 * (round % 5));
      await client.query(round % 3 === 2 ? 'rollback' : 'commit');
    }
    await client.end();
  };

  /** Follows, goes away and goes on by the token of its last event, again and again. Until `isOver` it has seen everything. */
  const followOn = async (index: number, isOver: (seen: readonly Seen[]) => boolean): Promise<Seen[]> => {
    const all: Seen[] = [];
    for (let stay = 0; !isOver(all); stay += 1) {
      const token = all.at(-1)?.token;
      const wish = token === undefined ? { fromStart: true } : { resumeToken: token };
      const follower = await following(services[(index + stay) % 2] ?? assert.fail(), WIRES[(index >> 1) % 2] ?? 'rest', wish);
      const until = performance.now() + STAY * ((index * 7 + stay * 3) % 10) / 10 + 20;
      while (performance.now() < until && !isOver([...all, ...follower.events])) await sleep(10);
      follower.cancel();
      await follower.end;
      all.push(...follower.events);
    }
    return all;
  };

  it('every follower sees every event once, those of one device in order', async () => {
    let areWritten = false;
    let count = Infinity;
    const isOver = (events: readonly Seen[]): boolean => events.length >= count;
    const held = hold(() => areWritten);
    const steady = services.flatMap((service) => WIRES.map((wire) => follow(service, wire, { fromStart: true })));
    const followers = Array.from({ length: 6 }, (_, index) => followOn(index, isOver));
    await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
    areWritten = true;
    await held;
    const { rows } = await sql.query<{ id: string; device: string }>('select event_id as id, device_id as device from outbox order by event_id');
    count = rows.length;
    assert.ok(count > WRITERS * CHANGES / 3, String(count));
    const all = [...(await Promise.all(followers)), ...(await Promise.all(steady.map((follower) => complete(follower, count))))];
    const written = rows.map(({ id }) => Number(id));
    for (const events of all) {
      assert.deepEqual(events.map(({ id }) => id).toSorted((one, other) => one - other), written);
      for (const device of DEVICES) {
        const ids = events.filter((event) => event.device === device).map(({ id }) => id);
        assert.deepEqual(ids, ids.toSorted((one, other) => one - other), device);
      }
    }
  });
});

async function complete(follower: Follower, count: number): Promise<readonly Seen[]> {
  for (let waited = 0; follower.events.length < count; waited += 20) {
    assert.ok(waited < 20_000, `${follower.events.length} of ${count} events have come`);
    await sleep(20);
  }
  follower.cancel();
  await follower.end;
  return follower.events;
}
