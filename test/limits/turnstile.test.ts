import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { newStanding } from '../../src/call/call.ts';
import type { Standing } from '../../src/call/call.ts';
import { Turnstile } from '../../src/call/turnstile.ts';
import type { Pass } from '../../src/call/turnstile.ts';
import { FaultError } from '../../src/contract/fault.ts';
import { Fault } from '../../gen/keyturn/options/v1/options.ts';

/** Stands still unless it is set. */
class StillClock {
  #time = Date.parse('2026-01-01T00:00:00Z');

  now(): Date {
    return new Date(this.#time);
  }

  advance(milliseconds: number): void {
    this.#time += milliseconds;
  }
}

const LIMIT = 300;
const never = new AbortController().signal;

function enter(turnstile: Turnstile, peer: string, standing: Standing = newStanding(), signal = never): Pass | Promise<Pass> {
  return turnstile.enter({ peer, standing, signal });
}

/** Lets a call in that must not have to wait. */
function enterAtOnce(turnstile: Turnstile, peer: string, standing?: Standing): Pass {
  const pass = enter(turnstile, peer, standing);
  assert.ok(!(pass instanceof Promise), 'the call has to wait');
  return pass;
}

/** Has a peer fail until it is over its limit. */
function exhaust(turnstile: Turnstile, peer: string): void {
  for (let count = 0; count < LIMIT; count += 1) assert.equal(enterAtOnce(turnstile, peer).fail(), undefined);
}

function refused(): Standing {
  return { ...newStanding(), refusals: 1 };
}

function assertEmpty(turnstile: Turnstile): void {
  const { running, waiting } = turnstile.load;
  assert.deepEqual({ running, waiting }, { running: 0, waiting: 0 });
}

/** Enters and notes its name once it is in. */
function note(entered: Pass | Promise<Pass>, name: string, order: string[]): Promise<Pass> {
  return Promise.resolve(entered).then((pass) => {
    order.push(name);
    return pass;
  });
}

function tooMany(error: unknown): boolean {
  return error instanceof FaultError && error.fault === Fault.FAULT_UNAVAILABLE && error.metadata['retry-after'] === '1';
}

describe('the turnstile', () => {
  it('takes 64 calls of one peer at once, and one more when one has ended', async () => {
    const turnstile = new Turnstile(LIMIT, new StillClock());
    const passes = Array.from({ length: 64 }, () => enterAtOnce(turnstile, '10.0.0.1'));
    const next = enter(turnstile, '10.0.0.1');
    assert.deepEqual(turnstile.load, { running: 64, waiting: 1, peers: 1 });
    enterAtOnce(turnstile, '10.0.0.2').leave();
    passes.pop()?.succeed();
    (await next).succeed();
    for (const pass of passes) pass.leave();
    assertEmpty(turnstile);
  });

  it('takes 256 calls at once, and then peers in turn, however many calls each has waiting', async () => {
    const turnstile = new Turnstile(LIMIT, new StillClock());
    const passes = ['a', 'b', 'c', 'd'].flatMap((peer) => Array.from({ length: 64 }, () => enterAtOnce(turnstile, peer)));
    const order: string[] = [];
    const waiting = Array.from({ length: 10 }, () => note(enter(turnstile, 'e'), 'e', order));
    waiting.push(note(enter(turnstile, 'f'), 'f', order));
    for (const pass of passes.slice(0, 3)) pass.leave();
    await new Promise(setImmediate);
    assert.deepEqual(order, ['e', 'f', 'e']);
    for (const pass of passes.slice(3)) pass.leave();
    for (const pass of await Promise.all(waiting)) pass.leave();
    assertEmpty(turnstile);
  });

  it('tells a peer from its 301st failure on when to come again, and allows one more each 200 ms', () => {
    const clock = new StillClock();
    const turnstile = new Turnstile(LIMIT, clock);
    exhaust(turnstile, '10.0.0.1');
    assert.deepEqual(enterAtOnce(turnstile, '10.0.0.1').fail(), { 'retry-after': '1' });
    assert.equal(enterAtOnce(turnstile, '10.0.0.2').fail(), undefined);
    clock.advance(400);
    assert.equal(enterAtOnce(turnstile, '10.0.0.1').fail(), undefined);
    assert.notEqual(enterAtOnce(turnstile, '10.0.0.1').fail(), undefined);
    clock.advance(61_500);
    exhaust(turnstile, '10.0.0.1');
    assert.notEqual(enterAtOnce(turnstile, '10.0.0.1').fail(), undefined);
  });

  it('locks nobody out whose clock was set back', () => {
    const clock = new StillClock();
    const turnstile = new Turnstile(LIMIT, clock);
    exhaust(turnstile, '10.0.0.1');
    clock.advance(-3_600_000);
    assert.equal(enterAtOnce(turnstile, '10.0.0.1').fail(), undefined);
  });

  it('counts a /64 of IPv6 as one peer, however it is written, and IPv4 addresses for themselves', () => {
    const turnstile = new Turnstile(LIMIT, new StillClock());
    exhaust(turnstile, '2001:db8::1');
    assert.notEqual(enterAtOnce(turnstile, '2001:db8:0:0:ffff::9').fail(), undefined);
    assert.equal(enterAtOnce(turnstile, '2001:db8:0:1::1').fail(), undefined);
    assert.equal(enterAtOnce(turnstile, '10.0.0.1').fail(), undefined);
    assert.equal(turnstile.load.peers, 3);
  });

  it('works on two calls of a limited peer over connections with refused calls, and lets others pass', async () => {
    const turnstile = new Turnstile(LIMIT, new StillClock());
    exhaust(turnstile, 'a');
    const suspects = [enterAtOnce(turnstile, 'a', refused()), enterAtOnce(turnstile, 'a', refused())];
    const waiting = Array.from({ length: 100 }, () => enter(turnstile, 'a', refused()));
    assert.equal(turnstile.load.waiting, 100);
    enterAtOnce(turnstile, 'a').succeed();
    enterAtOnce(turnstile, 'a', { refusals: 0, successes: 1, inside: 5 }).succeed();
    for (const pass of suspects) pass.leave();
    for (const pass of waiting) (await pass).leave();
    assertEmpty(turnstile);
  });

  it('lets calls over proven connections go first, then first ones, and suspects now and then', async () => {
    const turnstile = new Turnstile(LIMIT, new StillClock());
    const passes = Array.from({ length: 64 }, () => enterAtOnce(turnstile, 'a'));
    const order: string[] = [];
    const waiting = ['suspect', 'suspect', 'first', 'proven', 'first', 'proven'].map((name) =>
      note(enter(turnstile, 'a', { refusals: name === 'suspect' ? 1 : 0, successes: name === 'proven' ? 1 : 0, inside: 0 }), name, order),
    );
    for (const pass of passes) pass.leave();
    for (const pass of await Promise.all(waiting)) pass.leave();
    assert.deepEqual(order, ['proven', 'proven', 'first', 'first', 'suspect', 'suspect']);
    const held = Array.from({ length: 64 }, () => enterAtOnce(turnstile, 'a'));
    const second: string[] = [];
    const more = [...Array.from({ length: 20 }, () => 'first'), 'suspect'].map((name) =>
      note(enter(turnstile, 'a', name === 'suspect' ? refused() : newStanding()), name, second),
    );
    for (const pass of held) pass.leave();
    for (const pass of await Promise.all(more)) pass.leave();
    assert.ok(second.indexOf('suspect') < 8, second.join());
    assertEmpty(turnstile);
  });

  it('refuses suspects where 1024 of a peer wait, and never the first call of a connection', async () => {
    const turnstile = new Turnstile(LIMIT, new StillClock());
    exhaust(turnstile, 'a');
    const held = [enterAtOnce(turnstile, 'a', refused()), enterAtOnce(turnstile, 'a', refused())];
    const waiting = Array.from({ length: 1_024 }, () => enter(turnstile, 'a', refused()));
    await assert.rejects(Promise.resolve(enter(turnstile, 'a', refused())), tooMany);
    enterAtOnce(turnstile, 'a').succeed();
    for (const pass of held) pass.leave();
    for (const pass of waiting) (await pass).leave();
    assertEmpty(turnstile);
  });

  it('forgets a call whose caller goes away while it waits', async () => {
    const turnstile = new Turnstile(LIMIT, new StillClock());
    const passes = Array.from({ length: 64 }, () => enterAtOnce(turnstile, 'a'));
    const gone = new AbortController();
    const standing = newStanding();
    const waiting = enter(turnstile, 'a', standing, gone.signal);
    const late = enter(turnstile, 'a', newStanding(), AbortSignal.abort(new Error('gone before')));
    gone.abort(new Error('gone'));
    await assert.rejects(Promise.resolve(waiting), /^Error: gone$/);
    await assert.rejects(Promise.resolve(late), /^Error: gone before$/);
    assert.deepEqual([turnstile.load.waiting, standing.inside], [0, 0]);
    for (const pass of passes) pass.leave();
    assertEmpty(turnstile);
  });

  it('remembers at most 16384 peers, and none of those with a call goes', () => {
    const turnstile = new Turnstile(LIMIT, new StillClock());
    exhaust(turnstile, '10.0.0.1');
    const held = enterAtOnce(turnstile, '10.0.0.1');
    for (let count = 0; count < 20_000; count += 1) enterAtOnce(turnstile, `10.1.${count >> 8}.${count & 255}`).leave();
    assert.equal(turnstile.load.peers, 16_384);
    assert.notEqual(held.fail(), undefined);
    assertEmpty(turnstile);
  });
});
