import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Fault } from '../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../../src/contract/fault.ts';
import { Passwords } from '../../src/services/passwords.ts';

/** Of a password that takes a few milliseconds to check. */
const SMALL = Buffer.concat([Buffer.of(1, 10, 8, 1), Buffer.alloc(48)]);

/** Checks so many passwords of a peer at once. Resolves to how many were refused, each as it has to be. */
async function refusedOf(passwords: Passwords, peer: string, count: number): Promise<number> {
  const results = await Promise.allSettled(Array.from({ length: count }, () => passwords.verify('x', SMALL, peer)));
  const reasons = results.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []));
  for (const reason of reasons) {
    assert.ok(reason instanceof FaultError);
    assert.deepEqual([reason.fault, reason.isOfPeer, reason.metadata], [Fault.FAULT_UNAVAILABLE, true, { 'retry-after': '5' }]);
  }
  return reasons.length;
}

describe('passwords in turn', () => {
  it('all come to their turn, and one that fails gives its place up', async () => {
    const passwords = new Passwords(2);
    const stored = await passwords.hash('secret 123', '10.0.0.1');
    const broken = Array.from({ length: 4 }, () => passwords.verify('secret 123', Buffer.alloc(3), '10.0.0.1'));
    const good = Array.from({ length: 8 }, (_, index) => passwords.verify(index % 2 === 0 ? 'secret 123' : 'x', stored, `10.0.0.${index % 3}`));
    for (const result of await Promise.allSettled(broken)) assert.equal(result.status, 'rejected');
    assert.deepEqual(await Promise.all(good), good.map((_, index) => index % 2 === 0));
  });

  it('too many of one peer at once are told to come back, and the others are served', async () => {
    const passwords = new Passwords(2);
    assert.equal(await refusedOf(passwords, '10.0.0.1', 80), 80 - 2 - 32);
    assert.equal(await passwords.verify('x', SMALL, '10.0.0.1'), false);
  });

  it('a peer does not wait for all that others have sent before', async () => {
    const passwords = new Passwords(2);
    const order: string[] = [];
    const tell = (peer: string): Promise<number> => passwords.verify('x', SMALL, peer).then(() => order.push(peer));
    await Promise.all([...Array.from({ length: 30 }, (_, index) => tell(`2001:db8::${index}`)), tell('10.0.0.2'), tell('10.0.0.2')]);
    assert.ok(order.lastIndexOf('10.0.0.2') < 10, order.join());
  });

  it('who has the most waiting makes room for others', async () => {
    const passwords = new Passwords(2);
    const crowd = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((peer) => refusedOf(passwords, peer, 40));
    const others = Array.from({ length: 12 }, (_, index) => refusedOf(passwords, `10.0.1.${index}`, 1));
    assert.deepEqual(await Promise.all(others), others.map(() => 0));
    const refused = (await Promise.all(crowd)).reduce((sum, one) => sum + one);
    assert.equal(refused, 120 + 12 - 2 - 64);
  });
});
