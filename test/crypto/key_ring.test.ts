import assert from 'node:assert/strict';
import { createDecipheriv, randomBytes } from 'node:crypto';
import { assert as check, property, string, uint8Array, array, tuple, nat } from 'fast-check';
import { describe, it } from 'mocha';
import { parseKeyRing } from '../../src/config/index.ts';
import { KeyRing, formatKeyRing, newMasterKey, placeOf } from '../../src/crypto/key_ring.ts';
import type { MasterKey, Sealed } from '../../src/crypto/key_ring.ts';

const keyOf = (id: string): MasterKey => ({ id, key: randomBytes(32) });
const PLACE = placeOf.deviceSecret('pump-7', 'PRIMARY');
const SECRET = '0123456789abcdef0123456789abcdef';

describe('the key ring', () => {
  const old = keyOf('old');
  const ring = new KeyRing([keyOf('new'), old]);

  it('opens what it has sealed, with the first key, and says with which', () => {
    const sealed = ring.seal(PLACE, SECRET);
    assert.equal(sealed.keyId, 'new');
    assert.equal(ring.open(PLACE, sealed).toString(), SECRET);
  });

  it('is AES-256-GCM: version, nonce, ciphertext, tag, and the lengths and parts of the place beside it', () => {
    const key = keyOf('k');
    const { box } = new KeyRing([key]).seal(['a', 'bc'], SECRET);
    assert.equal(box.length, 1 + 12 + SECRET.length + 16);
    const decipher = createDecipheriv('aes-256-gcm', key.key, box.subarray(1, 13));
    decipher.setAAD(Buffer.from('\0\0\0\u0001a\0\0\0\u0002bc')).setAuthTag(box.subarray(-16));
    assert.equal(decipher.update(box.subarray(13, -16), undefined, 'utf8') + decipher.final('utf8'), SECRET);
    assert.equal(box[0], 1);
  });

  it('opens what any of its keys has sealed', () => {
    const sealed = new KeyRing([old]).seal(PLACE, SECRET);
    assert.equal(ring.open(PLACE, sealed).toString(), SECRET);
  });

  it('seals the same value differently each time', () => {
    const boxes = Array.from({ length: 1000 }, () => ring.seal(PLACE, SECRET).box.toString('hex'));
    assert.equal(new Set(boxes.map((box) => box.slice(2, 26))).size, 1000, 'a nonce came twice');
  });

  it('opens nothing that was moved to another row, slot or table', () => {
    const sealed = ring.seal(PLACE, SECRET);
    for (const place of [
      placeOf.deviceSecret('pump-8', 'PRIMARY'), placeOf.deviceSecret('pump-7', 'SECONDARY'), placeOf.accessKey('pump-7'),
      placeOf.idempotencyRecord('pump-7', 'PRIMARY', ''), ['device_secret', 'pump-7PRIMARY'], ['device_secretpump-7', 'PRIMARY'], [],
    ]) {
      assert.throws(() => ring.open(place, sealed), place.join(' '));
    }
  });

  it('opens nothing in which one bit is another', () => {
    const { keyId, box } = ring.seal(PLACE, SECRET);
    for (let bit = 0; bit < box.length * 8; bit += 1) {
      const changed = Buffer.from(box);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.throws(() => ring.open(PLACE, { keyId, box: changed }), `bit ${bit}`);
    }
  });

  it('opens nothing that was cut short or made longer', () => {
    const { keyId, box } = ring.seal(PLACE, SECRET);
    for (let length = 0; length < box.length; length += 1) assert.throws(() => ring.open(PLACE, { keyId, box: box.subarray(0, length) }), `${length} bytes`);
    assert.throws(() => ring.open(PLACE, { keyId, box: Buffer.concat([box, Buffer.of(0)]) }));
  });

  it('refuses a key that it lacks, another key under a known id, and a form that it does not know, and quotes nothing', () => {
    const sealed = ring.seal(PLACE, SECRET);
    const future = Buffer.from(sealed.box);
    future[0] = 2;
    const cases: readonly (readonly [sealed: Sealed, says: RegExp])[] = [
      [{ ...sealed, keyId: 'gone' }, /^the key ring has no key gone$/],
      [{ ...sealed, keyId: 'old' }, /unable to authenticate/],
      [{ ...sealed, box: future }, /^a stored secret is in no known form$/],
      [{ ...sealed, box: Buffer.of(1) }, /^a stored secret is in no known form$/],
    ];
    for (const [wrong, says] of cases) {
      assert.throws(() => ring.open(PLACE, wrong), (error: Error) => says.test(error.message) && !String(error.stack).includes(SECRET));
    }
  });

  it('is not made of no key, nor of two of one id', () => {
    assert.throws(() => new KeyRing([]), /needs a key/);
    assert.throws(() => new KeyRing([old, keyOf('old')]), /have one id/);
  });

  it('takes a new key first, once', () => {
    const own = new KeyRing([old]);
    const before = own.seal(PLACE, SECRET);
    const next = keyOf('next');
    own.activate(next);
    assert.deepEqual(own.ids, ['next', 'old']);
    assert.deepEqual(own.keys, [next, old]);
    assert.equal(own.seal(PLACE, SECRET).keyId, 'next');
    assert.equal(own.open(PLACE, before).toString(), SECRET);
    assert.throws(() => own.activate(keyOf('old')), /has a key old already/);
    assert.deepEqual(own.keys, [next, old]);
  });

  it('gives back any value at its place, and nothing at any other', () => {
    const parts = array(string({ unit: 'binary' }), { maxLength: 4 });
    check(property(uint8Array({ maxLength: 300 }), parts, parts, (value, place, other) => {
      const sealed = ring.seal(place, value);
      assert.deepEqual(new Uint8Array(ring.open(place, sealed)), value);
      if (JSON.stringify(place) !== JSON.stringify(other)) assert.throws(() => ring.open(other, sealed));
    }));
  });

  it('opens no bytes that it did not make', () => {
    check(property(uint8Array({ maxLength: 100 }), (bytes) => {
      for (const box of [Buffer.from(bytes), Buffer.from([1, ...bytes])]) assert.throws(() => ring.open(PLACE, { keyId: 'new', box }));
    }));
  });

  it('is the same again from its text', () => {
    check(property(array(tuple(nat(), uint8Array({ minLength: 32, maxLength: 32 })), { minLength: 1, maxLength: 5 }), (given) => {
      const keys = given.map(([number, key], index) => ({ id: `${number}.${index}`, key: Buffer.from(key) }));
      assert.deepEqual(parseKeyRing(formatKeyRing(keys)), keys);
    }));
    const made = newMasterKey(new Date('2026-03-04T05:06:07Z'));
    assert.match(made.id, /^2026-03-04-[0-9a-f]{8}$/);
    assert.deepEqual(parseKeyRing(formatKeyRing([made])), [made]);
    assert.notDeepEqual(newMasterKey().key, made.key);
  });
});
