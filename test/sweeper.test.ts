import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { describe, it } from 'mocha';
import { pino } from 'pino';
import { Sweeper } from '../src/sweeper.ts';
import type { SweeperJob } from '../src/sweeper.ts';
import { TestClock } from './support/service.ts';
import { add, ask, assertIotDone, assertIotRefused, show, update } from './wire/iot_device.ts';
import { withBench } from './wire/rows.ts';

describe('the sweeper', () => {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  const sweeperOf = (jobs: readonly SweeperJob[], every = 3_600_000): Sweeper => new Sweeper(jobs, every, log, new TestClock());
  it('runs each job until nothing is left, and the next in spite of a failure', async () => {
    const done: string[] = [];
    const fails: SweeperJob = { name: 'fails', run: () => Promise.reject(new Error('no database')) };
    await using sweeper = sweeperOf([jobOf('a', 3, done), fails, jobOf('b', 2, done)]);
    await sweeper.sweep();
    assert.deepEqual(done, ['a', 'a', 'a', 'b', 'b']);
    assert.deepEqual(lines.map(({ job, error }) => [job, error]), [['fails', 'no database']]);
  });

  it('leaves a mountain of work to later rounds', async () => {
    const done: string[] = [];
    await using sweeper = sweeperOf([jobOf('endless', Infinity, done), jobOf('b', 1, done)]);
    await sweeper.sweep();
    assert.deepEqual([done.length, done.at(-1)], [101, 'b']);
  });

  it('goes on soon with what a round has left', async () => {
    const done: string[] = [];
    await using sweeper = sweeperOf([jobOf('much', 250, done)], 10_000);
    await sweeper.sweep();
    assert.equal(done.length, 100);
    sweeper.start();
    for (const until = Date.now() + 9_000; done.length < 250 && Date.now() < until; ) await setTimeout(20);
    assert.equal(done.length, 250);
  });

  it('runs one round at a time, by itself too, and stops with the batch under way', async () => {
    const seen = { running: 0, rounds: 0 };
    const job: SweeperJob = {
      name: 'slow',
      run: async () => {
        assert.equal((seen.running += 1), 1);
        await setTimeout(5);
        seen.running -= 1;
        seen.rounds += 1;
        return 0;
      },
    };
    const sweeper = sweeperOf([job], 1);
    sweeper.start();
    await Promise.all([sweeper.sweep(), sweeper.sweep(), sweeper.sweep()]);
    assert.ok(seen.rounds >= 3);
    // Its timer runs rounds of its own.
    for (const until = Date.now() + 10_000; seen.rounds < 6 && Date.now() < until; ) await setTimeout(5);
    assert.ok(seen.rounds >= 6);
    const last = sweeper.sweep();
    await sweeper[Symbol.asyncDispose]();
    assert.equal(seen.running, 0);
    await last;
    const before = seen.rounds;
    await sweeper.sweep();
    assert.equal(seen.rounds, before);
  });

  describe('of a service', () => {
    const bench = withBench();

    it('removes devices that were not active in time, by the time that UpdateDevice has left them', async () => {
      const { clock, app } = bench().service;
      const device = async (id: string, timeout: number) => assertIotDone(await ask(bench(), 'rest', add({ device_id: id, node_id: 'n', product_id: 'p', auth_info: { timeout } })), 201);
      for (const id of ['due', 'longer', 'for_ever', 'active']) await device(id, 60);
      await device('shorter', 0);
      assertIotDone(await ask(bench(), 'rest', update('longer', { auth_info: { timeout: 120 } })));
      assertIotDone(await ask(bench(), 'rest', update('for_ever', { auth_info: { timeout: 0 } })));
      assertIotDone(await ask(bench(), 'rest', update('shorter', { auth_info: { timeout: 60 } })));
      await bench().sql.query("update device set active_at = now(), expires_at = null where device_id = 'active'");
      assertIotDone(await ask(bench(), 'rest', update('active', { auth_info: { timeout: 1 } })));
      const { id: keyed } = await bench().device();
      assertIotDone(await ask(bench(), 'rest', update(keyed, { auth_info: { timeout: 1 } })));
      clock.advance(61_000);
      await app.sweeper.sweep();
      for (const id of ['due', 'shorter']) assertIotRefused(await ask(bench(), 'rest', show(id)), '014000');
      for (const id of ['longer', 'for_ever', 'active', keyed]) assertIotDone(await ask(bench(), 'rest', show(id)));
      clock.advance(61_000);
      await app.sweeper.sweep();
      assertIotRefused(await ask(bench(), 'rest', show('longer')), '014000');
      assertIotDone(await ask(bench(), 'rest', add({ device_id: 'due', node_id: 'n', product_id: 'p' })), 201);
    });
  });
});

/** A job with so many batches of work. */
function jobOf(name: string, batches: number, done: string[]): SweeperJob {
  let left = batches;
  return {
    name,
    run: () => {
      if (left === 0) return Promise.resolve(0);
      left -= 1;
      done.push(name);
      return Promise.resolve(1);
    },
  };
}
