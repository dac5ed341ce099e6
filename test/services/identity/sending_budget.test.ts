import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ApiError } from '../../../src/errors.ts';
import type { Address } from '../../../src/services/addresses/address.ts';
import { SendingBudgets } from '../../../src/services/identity_binding_service/sending_budget.ts';
import { readConfig } from '../../../src/config/index.ts';

const NOW = new Date('2026-01-02T03:04:05.678Z');
const at = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);
const email = (name: string): Address => ({ kind: 'email', value: name });
const phone = (value: string): Address => ({ kind: 'phone', value });

function budgets({ all = 1000, peer = 1000, prefix = 1000 }): SendingBudgets {
  return new SendingBudgets({ ...readConfig({}).authentiq, jobsPerMinute: all, jobsPerPeerPerMinute: peer, jobsPerPrefixPerMinute: prefix });
}

/** Seconds to wait, or 0 if it was taken. */
function take(given: SendingBudgets, addresses: readonly Address[], peer = '192.0.2.1', now = NOW): number {
  try {
    given.take(addresses, peer, now);
    return 0;
  } catch (error) {
    assert.ok(error instanceof ApiError);
    return Number(error.metadata['retry-after']);
  }
}

describe('budgets of messages in a minute', () => {
  it('are 600 in all, 60 for a peer and 60 for a prefix unless the settings say otherwise', () => {
    const given = new SendingBudgets(readConfig({}).authentiq);
    const domain = (index: number): Address => email(`a@d${index}`);
    for (let sent = 0; sent < 60; sent += 1) assert.equal(take(given, [email(`u${sent}@same`)]), 0);
    assert.equal(take(given, [email('x@same')], '10.8.8.8'), 1);
    assert.equal(take(given, [domain(1000)]), 1);
    for (let sent = 0; sent < 540; sent += 1) assert.equal(take(given, [domain(sent)], `10.0.${sent}.1`), 0);
    assert.equal(take(given, [domain(2000)], '10.9.9.9'), 1);
  });

  it('take from all or from none', () => {
    const given = budgets({ all: 3, prefix: 1 });
    assert.equal(take(given, [email('a@x')]), 0);
    for (let times = 0; times < 10; times += 1) assert.equal(take(given, [email('b@x')]), 60);
    for (let times = 0; times < 10; times += 1) assert.equal(take(given, [email('a@y'), email('b@y')]), 60);
    assert.equal(take(given, [email('a@y'), email('a@z')]), 0);
    assert.equal(take(given, [email('a@w')]), 20);
  });

  it('get back what has not come to be', () => {
    const given = budgets({ all: 2, peer: 2, prefix: 2 });
    for (let times = 0; times < 10; times += 1) given.take([email('a@x'), email('b@x')], '192.0.2.1', NOW)();
    assert.equal(take(given, [email('a@x'), email('b@x')]), 0);
    assert.equal(take(given, [email('a@x')]), 30);
    assert.equal(take(given, [email('a@x')], '192.0.2.1', at(30)), 0);
  });

  it('go by the domain, and by the first five digits; a mail address is none of a number', () => {
    const given = budgets({ prefix: 1 });
    for (const address of [email('a@x'), email('a@y.x'), phone('+3120123'), phone('+3120199'), phone('+31201999'), phone('+3121000'), email('a@+31201')]) {
      const wait = take(given, [address]);
      assert.equal(wait, ['+3120199', '+31201999'].includes(address.value) ? 60 : 0, address.value);
    }
  });

  it('count a /64 of IPv6 as one peer', () => {
    const given = budgets({ peer: 1 });
    assert.equal(take(given, [email('a@a')], '2001:db8::1'), 0);
    assert.equal(take(given, [email('a@b')], '2001:db8::ffff:1'), 60);
    assert.equal(take(given, [email('a@c')], '2001:db8:0:1::1'), 0);
  });

  it('come back after the clock was set back', () => {
    const given = budgets({ all: 1 });
    assert.equal(take(given, [email('a@a')], '192.0.2.1', at(100_000)), 0);
    assert.equal(take(given, [email('a@a')]), 0);
    assert.equal(take(given, [email('a@a')]), 60);
  });
});
