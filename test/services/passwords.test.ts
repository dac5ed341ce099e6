import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Fault } from '../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../../src/contract/fault.ts';
import { Passwords } from '../../src/services/passwords.ts';

describe('passwords in turn', () => {
  it('all come to their turn, and one that fails gives its place up', async () => {
    const passwords = new Passwords();
    const stored = await passwords.hash('secret 123');
    const broken = Array.from({ length: 4 }, () => passwords.verify('secret 123', Buffer.alloc(3)));
    const good = Array.from({ length: 8 }, (_, index) => passwords.verify(index % 2 === 0 ? 'secret 123' : 'x', stored));
    for (const result of await Promise.allSettled(broken)) assert.equal(result.status, 'rejected');
    assert.deepEqual(await Promise.all(good), good.map((_, index) => index % 2 === 0));
  });

  it('too many at once are told to come back, and the others are served', async () => {
    const passwords = new Passwords();
    const small = Buffer.concat([Buffer.of(1, 10, 8, 1), Buffer.alloc(48)]);
    const results = await Promise.allSettled(Array.from({ length: 80 }, () => passwords.verify('x', small)));
    const reasons = results.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []));
    assert.equal(reasons.length, 80 - 2 - 64);
    for (const reason of reasons) {
      assert.ok(reason instanceof FaultError);
      assert.deepEqual([reason.fault, reason.metadata], [Fault.FAULT_UNAVAILABLE, { 'retry-after': '5' }]);
    }
    assert.equal(await passwords.verify('x', small), false);
  });
});
