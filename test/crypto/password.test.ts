import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { describe, it } from 'mocha';
import { hashPassword, verifyPassword } from '../../src/crypto/password.ts';

describe('stored passwords', () => {
  it('are scrypt with a salt of their own and the cost in front', async () => {
    const [one, other] = [await hashPassword('pass word \u00e4'), await hashPassword('pass word \u00e4')];
    assert.notDeepEqual(one, other);
    assert.deepEqual([...one.subarray(0, 4), one.length], [1, 15, 8, 1, 52]);
    const key = scryptSync('pass word \u00e4', one.subarray(4, 20), 32, { N: 32_768, r: 8, p: 1, maxmem: 128 * 1024 * 1024 });
    assert.deepEqual(one.subarray(20), key);
  });

  it('verify for the same text alone', async () => {
    const stored = await hashPassword('secret 123');
    assert.ok(await verifyPassword('secret 123', stored));
    for (const wrong of ['', 'secret 12', 'secret 1234', 'Secret 123', 'secret 123 ']) assert.ok(!(await verifyPassword(wrong, stored)), wrong);
  });

  it('verify with the cost that they were made with', async () => {
    const salt = Buffer.alloc(16, 9);
    const stored = Buffer.concat([Buffer.of(1, 10, 8, 2), salt, scryptSync('secret 123', salt, 32, { N: 1024, r: 8, p: 2 })]);
    assert.ok(await verifyPassword('secret 123', stored));
    assert.ok(!(await verifyPassword('secret 124', stored)));
  });

  it('of nobody never verify', async () => {
    for (const password of ['', 'secret 123']) assert.equal(await verifyPassword(password, undefined), false);
  });

  it('in no known form are a fault of what is stored', async () => {
    const stored = await hashPassword('secret 123');
    for (const broken of [Buffer.alloc(0), stored.subarray(1), Buffer.concat([stored, Buffer.of(0)]), Buffer.concat([Buffer.of(2), stored.subarray(1)])]) {
      await assert.rejects(verifyPassword('secret 123', broken), /in no known form/);
    }
  });
});
