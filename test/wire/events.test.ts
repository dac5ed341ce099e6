import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import { WIRES } from './answer.ts';
import { follow, following, seen } from './followers.ts';
import type { Seen } from './followers.ts';
import { Bench, makeUpdate } from './harness.ts';

const tokenOf = (text: string): string => Buffer.from(text).toString('base64url');
const short = ({ device, type }: Seen): string => `${device} ${type}`;
/** Of a device that is frozen and unfrozen. */
const changesOf = (id: string): string[] => ['device.frozen', 'session.close', 'device.unfrozen'].map((type) => `${id} ${type}`);

describe('WatchEvents', () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.start();
    await bench.operator('POST', '/v1/projects', { project_id: 'other', name: 'Other' });
  });
  after(() => bench[Symbol.asyncDispose]());

  let serial = 0;
  const create = async (projectId = 'default'): Promise<string> => {
    serial += 1;
    const id = `watched-${serial}`;
    const answer = await bench.operator('POST', '/v1/devices', { device_id: id, project_id: projectId });
    assert.equal(answer.status, 200, answer.body);
    return id;
  };
  const change = async (id: string, verb: string): Promise<void> => {
    const answer = await bench.operator('POST', `/v1/devices/${id}:${verb}`);
    assert.equal(answer.status, 200, answer.body);
  };

  for (const wire of WIRES) {
    describe(wire, () => {
      it('shows what happens from now on, in order, whole', async () => {
        await create();
        const follower = await following(bench.service, wire);
        const id = await create('other');
        await change(id, 'freeze');
        await change(id, 'unfreeze');
        await bench.operator('DELETE', `/v1/devices/${id}`);
        const events = await seen(follower, 6);
        follower.cancel();
        assert.deepEqual(events.map(short), ['device.created', 'device.frozen', 'session.close', 'device.unfrozen', 'device.removed', 'session.close'].map((type) => `${id} ${type}`));
        const now = bench.service.clock.now().getTime();
        for (const [index, { id: eventId, project, payload, at, token }] of events.entries()) {
          assert.deepEqual([project, payload], ['other', {}]);
          assert.ok(eventId > (events[index - 1]?.id ?? 0));
          assert.ok(Math.abs(now - at) < 60_000);
          assert.match(token, /^[A-Za-z0-9_-]+$/);
        }
      });

      it('shows everything that is kept from the start, and goes on', async () => {
        const follower = await following(bench.service, wire, { fromStart: true });
        const { rows } = await bench.sql.query<{ id: string }>('select event_id as id from outbox order by event_id');
        const events = await seen(follower, rows.length);
        assert.deepEqual(events.map(({ id }) => String(id)), rows.map(({ id }) => id));
        const id = await create();
        assert.equal(short((await seen(follower, rows.length + 1)).at(-1) as Seen), `${id} device.created`);
        follower.cancel();
      });

      it('goes on after any event by its resume token, with nothing twice and nothing left out', async () => {
        const follower = await following(bench.service, wire, { fromStart: true });
        const ids = [await create(), await create(), await create()];
        const { rows: [row] } = await bench.sql.query<{ count: number }>('select count(*)::int as count from outbox');
        const events = [...(await seen(follower, row?.count ?? 0))];
        follower.cancel();
        const later = await create();
        for (const index of new Set([0, 1, Math.floor(events.length / 2), events.length - 3, events.length - 2, events.length - 1])) {
          const resumed = await following(bench.service, wire, { resumeToken: events[index]?.token ?? '', fromStart: true });
          const rest = await seen(resumed, events.length - index);
          resumed.cancel();
          assert.deepEqual(rest.map(short), [...events.slice(index + 1).map(short), `${later} device.created`]);
        }
        assert.deepEqual(events.slice(-3).map(({ device }) => device), ids);
      });

      it('shows the events of one device, of one project, and of both', async () => {
        const one = await create();
        const other = await create('other');
        const followers = await Promise.all([
          following(bench.service, wire, { deviceId: one }), following(bench.service, wire, { projectId: 'other' }),
          following(bench.service, wire, { projectId: 'other', deviceId: other }), following(bench.service, wire, { projectId: 'default', deviceId: other }),
          following(bench.service, wire, { deviceId: 'nobody' }), following(bench.service, wire, { deviceId: one, fromStart: true }),
        ]);
        await change(one, 'freeze');
        await change(other, 'freeze');
        await change(one, 'unfreeze');
        await change(other, 'unfreeze');
        const counts = [3, 3, 3, 0, 0, 4];
        await Promise.all(followers.map((follower, index) => seen(follower, counts[index] ?? 0)));
        for (const { cancel } of followers) cancel();
        assert.deepEqual(followers.map(({ events }) => events.map(short)), [changesOf(one), changesOf(other), changesOf(other), [], [], [`${one} device.created`, ...changesOf(one)]]);
      });

      it('refuses a resume token that is none of this database, and names the field', async () => {
        const snapshot = (await bench.sql.query<{ s: string }>('select pg_current_snapshot()::text as s')).rows[0]?.s ?? '';
        const [, xmax = ''] = snapshot.split(':');
        const future = `${BigInt(xmax) + 1_000_000n}`;
        for (const token of [
          'x', '!', '====', tokenOf(' '), tokenOf('1 2 3'), tokenOf('1:1: 1:1: 1 1 1'), tokenOf('1:1: 1:1: x 1'), tokenOf('1:1: 1:1: 1 -1'),
          tokenOf('0:1: 1:1: 1 1'), tokenOf('2:1: 1:1: 1 1'), tokenOf('1:3:4 1:1: 1 1'), tokenOf('1:3:2,1 1:1: 1 1'), tokenOf('1:3:3 1:1: 1 1'), tokenOf('1:1:, 1:1: 1 1'),
          tokenOf(`1:1: 1:1: 1 ${2n ** 63n}`), tokenOf(`1:1: 1:${2n ** 64n}: 1 1`), tokenOf(`1:1: 1:99999999999999999999: 1 1`), tokenOf("1:1: 1:1:' 1 1"),
          tokenOf(`1:1: ${future}:${future}: 9 9`), tokenOf(`${future}:${future}: 1:1: 9 9`), `${tokenOf('1:1: 1:1: 1 1')}=`, 'a'.repeat(4_000),
        ]) {
          const { end } = follow(bench.service, wire, { resumeToken: token });
          assert.deepEqual(await end, { code: 3, reason: 'INVALID_ARGUMENT', fields: ['resume_token'] }, token);
        }
      });

      it("needs the operator's token", async () => {
        for (const authorization of ['', 'Bearer wrong', 'Basic YTpi']) {
          assert.deepEqual(await follow(bench.service, wire, { authorization }).end, { code: 16, reason: 'UNAUTHENTICATED', fields: [] });
        }
      });

      it('holds thumbprints and slots of what was changed, and nothing that is secret', async () => {
        const follower = await following(bench.service, wire);
        const device = await bench.device();
        const update = makeUpdate(device);
        assert.equal((await bench.sendUpdate('rest', update)).status, 200);
        const target = `/v5/iot/default/devices/${device.id}/action?action_id=resetSecret`;
        const secret = 'hush-0123456789';
        const reset = await bench.rest.send({ target, headers: [['X-Auth-Token', OPERATOR_TOKEN], ['Content-Type', 'application/json']], body: JSON.stringify({ secret, force_disconnect: true }) });
        assert.equal(reset.status, 200, reset.body);
        const events = await seen(follower, 4);
        follower.cancel();
        assert.deepEqual(events.map(({ type }) => type), ['device.created', 'device_key.rotated', 'device_secret.reset', 'session.close']);
        const text = JSON.stringify(events);
        for (const hidden of [secret, update.jwt, update.pop, 'BEGIN', '127.0.0.1', 'operator']) assert.ok(!text.includes(hidden), hidden);
        assert.deepEqual(events[2]?.payload, { slot: 'PRIMARY' });
      });

      it('ends with UNAVAILABLE when the service stops', async () => {
        const service = await startService();
        const [idle, busy] = [await following(service, wire), await following(service, wire, { fromStart: true })];
        await service[Symbol.asyncDispose]();
        for (const { end } of [idle, busy]) assert.deepEqual(await end, { code: 14, reason: 'UNAVAILABLE', fields: [] });
      });
    });
  }

  it('tells before all events where to go on, so that one who has seen none yet misses none', async () => {
    for (const wish of [{}, { fromStart: true }]) {
      const query = new URLSearchParams({ from_start: String('fromStart' in wish) });
      const head = await bench.rest.send({ method: 'HEAD', target: '/v1/events:watch', headers: [['Authorization', `Bearer ${OPERATOR_TOKEN}`]] });
      assert.equal(head.headers.get('resume-token'), undefined, 'nothing was begun');
      const over = new AbortController();
      const response = await fetch(`${bench.service.url}/v1/events:watch?${query.toString()}`, { headers: { Authorization: `Bearer ${OPERATOR_TOKEN}` }, signal: over.signal });
      const token = response.headers.get('resume-token') ?? assert.fail('no token');
      over.abort();
      const id = await create();
      const { rows } = await bench.sql.query<{ count: number }>('select count(*)::int as count from outbox');
      const follower = await following(bench.service, 'grpc', { resumeToken: token });
      const events = await seen(follower, 'fromStart' in wish ? (rows[0]?.count ?? 0) : 1);
      follower.cancel();
      assert.equal(events.at(-1)?.device, id);
    }
  });

  it('answers HEAD without a stream', async () => {
    const answer = await bench.rest.send({ method: 'HEAD', target: '/v1/events:watch', headers: [['Authorization', `Bearer ${OPERATOR_TOKEN}`]] });
    assert.deepEqual([answer.status, answer.body, answer.headers.get('content-type')], [200, '', ['application/x-ndjson']]);
  });

  it('refuses unknown members and wrong types of the query', async () => {
    for (const query of ['from_start=maybe', 'other=1', 'device_id=a&device_id=b', 'device_id=%00']) {
      const answer = await bench.operator('GET', `/v1/events:watch?${query}`);
      assert.deepEqual([answer.status, answer.reason], [400, 'INVALID_ARGUMENT'], query);
    }
  });
});
