import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'mocha';
import { startProxy } from '../db/fixtures/postgres_proxy.ts';
import type { PostgresProxy } from '../db/fixtures/postgres_proxy.ts';
import { createDatabase, execute } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { WIRES } from '../wire/answer.ts';
import { follow, following, seen } from '../wire/followers.ts';
import type { Follower } from '../wire/followers.ts';
import { eventually } from './fixtures/child.ts';

const WATCHERS = 50;
/** More than what sockets hold for a caller that does not read. */
const MANY = 20_000;

describe('those who follow the events', () => {
  let own: TestDatabase;
  let proxy: PostgresProxy;
  let service: TestService;
  before(async () => {
    own = await createDatabase();
    proxy = await startProxy(own.url);
    service = await startService({ settings: { KEYTURN_DATABASE_URL: proxy.url }, database: own });
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });

  const happen = (count: number, device = 'd', characters = 0): Promise<void> =>
    execute(own.url, `insert into outbox (occurred_at, project_id, device_id, type, payload) select now(), 'default', '${device}', 'happened', json_build_object('text', repeat('x', ${characters})) from generate_series(1, ${count})`);
  const looks = (): number => proxy.asked.filter(({ kind, name }) => kind === 'bind' && name.startsWith('event_')).length;

  it('cost one look each 250 ms together while nothing happens, and none once they have gone', async () => {
    await sleep(600);
    proxy.asked.length = 0;
    await sleep(600);
    assert.equal(looks(), 0, 'nobody watches');
    const followers = await Promise.all(Array.from({ length: 10 }, (_, index) => following(service, WIRES[index % 2] ?? 'rest')));
    await sleep(600);
    proxy.asked.length = 0;
    await sleep(2_000);
    const asked = looks();
    assert.ok(asked >= 1 && asked <= 9, `${asked} looks in two seconds`);
    for (const { cancel } of followers) cancel();
    await Promise.all(followers.map(({ end }) => end));
    await eventually(() => assert.equal(service.app.database.pool.waiting, 0));
    await sleep(600);
    proxy.asked.length = 0;
    await sleep(600);
    assert.equal(looks(), 0, 'they have gone');
  });

  it('do not read again what is not theirs', async () => {
    const follower = await following(service, 'grpc', { deviceId: 'mine' });
    await happen(3_000, 'others');
    await happen(1, 'mine');
    await seen(follower, 1);
    await sleep(600);
    proxy.asked.length = 0;
    await happen(1, 'mine');
    await seen(follower, 2);
    const reads = proxy.asked.filter(({ kind, name }) => kind === 'bind' && name === 'event_read');
    assert.equal(reads.length, 1, `${reads.length} steps for one event`);
    follower.cancel();
    await follower.end;
  });

  it(`may be ${WATCHERS}, and each sees everything`, async () => {
    const followers = await Promise.all(Array.from({ length: WATCHERS }, (_, index) => following(service, WIRES[index % 2] ?? 'rest')));
    for (let round = 0; round < 5; round += 1) {
      await happen(10);
      await sleep(50);
    }
    const all = await Promise.all(followers.map((follower) => seen(follower, 50)));
    const [first] = all;
    for (const events of all) assert.deepEqual(events, first);
    for (const { cancel } of followers) cancel();
    await Promise.all(followers.map(({ end }) => end));
  });

  for (const wire of WIRES) {
    it(`${wire}: one that reads slowly holds up nobody, is not read ahead for, and misses nothing`, async () => {
      const slow = await following(service, wire);
      const quick = await following(service, wire);
      slow.pause();
      proxy.asked.length = 0;
      await happen(MANY, 'd', 1_000);
      await seen(quick, MANY);
      quick.cancel();
      await sleep(500);
      const steps = proxy.asked.filter(({ kind, name }) => kind === 'bind' && name === 'event_read').length;
      assert.ok(steps < 2 * Math.ceil(MANY / 512), `${steps} steps for two`);
      slow.resume();
      const events = await seen(slow, MANY);
      slow.cancel();
      assert.deepEqual(events.map(({ id }) => id), Array.from({ length: MANY }, (_, index) => (events[0]?.id ?? 0) + index));
    });
  }

  it('hear UNAVAILABLE when the database is away, and go on by their tokens when it is back', async () => {
    const followers = await Promise.all(WIRES.map((wire) => following(service, wire)));
    await happen(1);
    const tokens = (await Promise.all(followers.map((follower) => seen(follower, 1)))).map(([event]) => event?.token ?? '');
    proxy.stop();
    for (const { end } of followers) assert.deepEqual(await end, { code: 14, reason: 'UNAVAILABLE', fields: [] });
    for (const wire of WIRES) assert.deepEqual(await follow(service, wire).end, { code: 14, reason: 'UNAVAILABLE', fields: [] });
    await happen(2);
    proxy.restore();
    const again = (wire: (typeof WIRES)[number], index: number): Follower => follow(service, wire, { resumeToken: tokens[index] ?? '' });
    await eventually(async () => {
      const probe = follow(service, 'rest');
      await probe.begun;
      probe.cancel();
    });
    const resumed = WIRES.map(again);
    for (const follower of resumed) {
      assert.equal((await seen(follower, 2)).length, 2);
      follower.cancel();
    }
  });
});
