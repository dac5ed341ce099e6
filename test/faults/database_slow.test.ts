import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { lockDevice, rowsOf, waitingBackends } from '../db/fixtures/rotations.ts';
import { execute } from '../support/postgres.ts';
import { request } from './fixtures/device.ts';
import { startOwnPostgres, whileHung } from './fixtures/own_postgres.ts';
import type { OwnPostgres } from './fixtures/own_postgres.ts';
import { Witnessed } from './fixtures/traffic.ts';

/** Makes the rotations of one device slower than any statement may be. */
const SLOW = `create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(60); return new; end $$;
  create trigger slow before insert on outbox for each row when (new.device_id = 'slow') execute function slow()`;

describe('PostgreSQL that takes too long', function () {
  this.timeout(90_000);
  let own: OwnPostgres;
  before(async () => {
    own = await startOwnPostgres();
  });
  after(() => own[Symbol.asyncDispose]());

  it('over a lock or a statement: E500 after the time-out, nothing is done, others go on', async function () {
    const { url } = own.service;
    const names = ['locked', 'slow', 'free'] as const;
    const [locked, slow, free] = await Promise.all([names[0], names[1], names[2]].map((name) => Witnessed.add(url, name)));
    assert.ok(locked !== undefined && slow !== undefined && free !== undefined);
    const lock = await lockDevice(own.url, 'locked');
    await execute(own.url, SLOW);
    const [first, second] = [locked.newUpdate(), slow.newUpdate()];
    const answers = Promise.all([locked.send(first), slow.send(second)]);
    assert.equal((await free.send(free.newUpdate())).status, 200);
    assert.deepEqual((await answers).map(({ status }) => status), [500, 500]);
    for (const device of [locked, slow, free]) await device.assertBooks(own.url);

    await lock.release();
    await execute(own.url, 'drop trigger slow on outbox');
    for (const [device, update] of [[locked, first], [slow, second]] as const) {
      const again = await device.send(update);
      assert.deepEqual([again.status, again.headers.get('idempotent-replayed')], [200, null]);
      await device.assertBooks(own.url);
    }
    assert.deepEqual(await causes(own), ['canceling statement due to lock timeout', 'canceling statement due to statement timeout']);
  });

  it('because it hangs, with a write under way: E500 in time, and the identical request settles it', async function () {
    if (process.platform !== 'linux') this.skip();
    const { url } = own.service;
    const [writing, asking] = await Promise.all(['writing', 'asking'].map((name) => Witnessed.add(url, name)));
    assert.ok(writing !== undefined && asking !== undefined && own.pid !== undefined);
    const lock = await lockDevice(own.url, 'writing');
    const [first, second] = [writing.newUpdate(), asking.newUpdate()];
    const write = writing.send(first);
    await waitingBackends(own.url, 1);
    await whileHung(own.pid, async () => {
      assert.deepEqual((await Promise.all([write, asking.send(second)])).map(({ status }) => status), [500, 500]);
      assert.equal((await request(`${url}/livez`)).status, 200);
    });
    await lock.release();
    for (const [device, update] of [[writing, first], [asking, second]] as const) {
      assert.equal((await device.send(update)).status, 200);
      await device.assertBooks(own.url);
    }
    assert.deepEqual(await rowsOf(own.url, "select from pg_stat_activity where wait_event_type = 'Lock'"), []);
  });
});

/** What the log says of the calls that failed. */
async function causes({ service }: OwnPostgres): Promise<string[]> {
  const failed = service.lines.filter(({ message }) => message === 'call failed');
  return failed.map(({ err }) => /canceling statement due to \w+ timeout/.exec(JSON.stringify(err))?.[0] ?? JSON.stringify(err)).toSorted();
}
