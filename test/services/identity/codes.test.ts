import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { isCode, isOpen, newCode } from '../../../src/services/identity_binding_service/codes.ts';
import { KeyedHash } from '../../../src/services/addresses/keyed_hash.ts';

const NOW = new Date('2026-01-02T03:04:05.678Z');
const at = (shift: number): Date => new Date(NOW.getTime() + shift);
const CODE = { codeMac: Buffer.alloc(32), wrongTries: 0, createdAt: NOW, codeExpiresAt: at(600_000) };

describe('codes', () => {
  it('have six digits, each as likely as any other at each place', () => {
    const count = 60_000;
    const codes = Array.from({ length: count }, newCode);
    assert.ok(codes.every((code) => /^[0-9]{6}$/.test(code)));
    for (let place = 0; place < 6; place += 1) {
      const counts = Array.from({ length: 10 }, () => 0);
      for (const code of codes) counts[Number(code[place])] = (counts[Number(code[place])] ?? 0) + 1;
      // 6000 each, with a deviation of 73: eight of those are never seen.
      for (const each of counts) assert.ok(Math.abs(each - count / 10) < 600, `${place}: ${each}`);
    }
    assert.ok(new Set(codes).size > 57_000, 'about 58 000 of them are different');
  });

  it('count from when they were made for 600 s, and for four wrong tries', () => {
    for (const shift of [0, 1, 599_999]) assert.ok(isOpen(CODE, at(shift)), String(shift));
    for (const shift of [600_000, 600_001, 1e12]) assert.ok(!isOpen(CODE, at(shift)), String(shift));
    for (const wrongTries of [1, 4]) assert.ok(isOpen({ ...CODE, wrongTries }, NOW));
    for (const wrongTries of [5, 6]) assert.ok(!isOpen({ ...CODE, wrongTries }, NOW));
  });

  it('do not count by a clock that was set back by more than clocks differ', () => {
    for (const shift of [-1, -60_000]) assert.ok(isOpen(CODE, at(shift)), String(shift));
    for (const shift of [-60_001, -600_000, -1e12]) assert.ok(!isOpen(CODE, at(shift)), String(shift));
  });

  it('mean something for what they were made for only', () => {
    const hash = new KeyedHash(Buffer.alloc(32, 1));
    const kept = { ...CODE, codeMac: hash.ofCode('job', 'a', '123456') };
    assert.ok(isCode(hash, 'job', 'a', '123456', kept));
    for (const [purpose, subject, text] of [['revocation', 'a', '123456'], ['job', 'b', '123456'], ['job', 'a', '123457'], ['job', 'a', ''], ['job', 'a', '1234560']] as const) {
      assert.ok(!isCode(hash, purpose, subject, text, kept));
    }
    assert.ok(!isCode(new KeyedHash(Buffer.alloc(32, 2)), 'job', 'a', '123456', kept));
  });
});
