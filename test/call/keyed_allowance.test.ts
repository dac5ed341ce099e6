import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { KeyedAllowance } from '../../src/call/keyed_allowance.ts';

const NOW = Date.UTC(2026, 0, 1);

describe('KeyedAllowance', () => {
  it('counts each key on its own', () => {
    const allowances = new KeyedAllowance(3);
    for (let taken = 0; taken < 3; taken += 1) assert.equal(allowances.take('a', NOW), 0);
    assert.equal(allowances.take('a', NOW), 20_000);
    assert.equal(allowances.take('b', NOW), 0);
  });

  it('refills evenly, and a refused event takes nothing', () => {
    const allowances = new KeyedAllowance(3);
    for (let taken = 0; taken < 30; taken += 1) allowances.take('a', NOW);
    assert.equal(allowances.take('a', NOW + 19_999), 1);
    assert.equal(allowances.take('a', NOW + 20_000), 0);
    assert.equal(allowances.take('a', NOW + 20_000), 20_000);
  });

  it('remembers so many keys, and forgets the one unused longest', () => {
    const allowances = new KeyedAllowance(1, 3);
    for (const key of ['a', 'b', 'c', 'a', 'd']) allowances.take(key, NOW);
    assert.equal(allowances.size, 3);
    assert.ok(allowances.take('a', NOW) > 0, 'used again before d came');
    assert.ok(allowances.take('d', NOW) > 0);
    assert.equal(allowances.take('b', NOW), 0);
  });

  it('takes back what was given, and forgets a key that has used nothing', () => {
    const allowances = new KeyedAllowance(2);
    for (let taken = 0; taken < 2; taken += 1) assert.equal(allowances.take('a', NOW), 0);
    allowances.giveBack('a', NOW);
    assert.equal(allowances.size, 1);
    assert.equal(allowances.take('a', NOW), 0);
    assert.equal(allowances.take('a', NOW), 30_000);
    for (let taken = 0; taken < 2; taken += 1) allowances.giveBack('a', NOW);
    allowances.giveBack('never taken', NOW);
    assert.equal(allowances.size, 0);
  });

  it('stays small whatever keys come', () => {
    const allowances = new KeyedAllowance(600);
    for (let index = 0; index < 200_000; index += 1) allowances.take(`device-${index}`, NOW);
    assert.equal(allowances.size, 65_536);
  });
});
