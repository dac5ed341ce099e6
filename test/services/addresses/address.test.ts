import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import { normalise, prefixOf } from '../../../src/services/addresses/address.ts';
import type { AddressKind } from '../../../src/services/addresses/address.ts';
import { KeyedHash } from '../../../src/services/addresses/keyed_hash.ts';

const valueOf = (kind: AddressKind, text: string): string | undefined => normalise(kind, text)?.value;

const BLANKS = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\u00A0'), maxLength: 3 });
const SEPARATORS = fc.string({ unit: fc.constantFrom(' ', '-', '.', '(', ')'), maxLength: 3 });
/** Half of an e-mail address: letters with and without marks, of several scripts, digits and signs. */
const HALF = fc.string({ unit: fc.constantFrom('a', 'Z', '\u00E9', 'e\u0301', '\u00C5', 'A\u030A', '\u0130', '\u0331', '\u0323', '\u1E9E', '\u03A3', '7', '+', '.', '"', '\u{1F600}', '中'), minLength: 1, maxLength: 20 });
const EMAIL = fc.tuple(HALF, HALF).map((halves) => halves.join('@'));
const PHONE = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.string({ unit: fc.constantFrom('0', '1', '2', '3', '4', '5', '6', '7', '8', '9'), minLength: 6, maxLength: 14 })).map(([first, rest]) => `+${first}${rest}`);

/** Section 4 of contracts/authentiq.md. */
describe('the one spelling of an address', () => {
  it('of an e-mail address is trimmed, NFC and in small letters, and one of its own', () => {
    fc.assert(fc.property(EMAIL, BLANKS, BLANKS, (email, before, after) => {
      const value = valueOf('email', before + email + after) ?? assert.fail();
      assert.equal(value, value.normalize('NFC'));
      assert.equal(value, value.trim());
      assert.equal(value, value.toLowerCase());
      assert.equal(valueOf('email', value), value, 'it is its own spelling');
    }));
  });

  it('of an e-mail address is the same for all spellings of one', () => {
    fc.assert(fc.property(EMAIL, BLANKS, (email, blanks) => {
      const value = valueOf('email', email) ?? assert.fail();
      for (const spelling of [email.normalize('NFD'), email.normalize('NFC'), blanks + email, email.toLowerCase(), email.toLowerCase().normalize('NFD')]) {
        assert.equal(valueOf('email', spelling), value, JSON.stringify(spelling));
      }
    }));
  });

  it('of an e-mail address takes one @ with text on both sides, and at most 254 characters', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('@', 'a', ' ', '\u{1F600}'), maxLength: 8 }), (text) => {
      const halves = text.trim().split('@');
      assert.equal(valueOf('email', text) !== undefined, halves.length === 2 && halves.every((half) => half !== ''), JSON.stringify(text));
    }));
    for (const letter of ['a', 'e\u0301', '\u{1F600}']) {
      assert.ok(valueOf('email', `${letter.repeat(252)}@x`));
      assert.equal(valueOf('email', `${letter.repeat(253)}@x`), undefined);
    }
  });

  it('of an e-mail address counts its characters as they are spelled in the end, however long they were', () => {
    for (const letter of ['\u1F82', '\u{110AB}']) {
      const [spelled, value] = [letter.normalize('NFD').repeat(252), letter.normalize('NFC').repeat(252)];
      assert.equal(valueOf('email', `${' '.repeat(5_000)}${spelled}@x`), `${value}@x`);
      assert.equal(valueOf('email', `${spelled}${letter}@x`), undefined);
    }
    assert.equal(valueOf('email', `a@x${'\u0301\u0323'.repeat(3_000)}`), undefined);
  });

  it('of a number is E.164, whatever stands between its digits', () => {
    fc.assert(fc.property(PHONE, fc.array(SEPARATORS, { minLength: 20, maxLength: 20 }), (phone, separators) => {
      const spelled = Array.from(phone, (letter, index) => (separators[index] ?? '') + letter).join('') + separators[19];
      assert.equal(valueOf('phone', spelled), phone);
    }));
  });

  it('of a number is none for anything else', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('+', '0', '1', '9', 'x', '/', '\u0661', '\uFF11', ' '), maxLength: 20 }), (text) => {
      const bare = text.replaceAll(' ', '');
      assert.equal(valueOf('phone', text), /^\+[1-9][0-9]{6,14}$/.test(bare) ? bare : undefined);
    }));
    for (const text of ['+1234567\n+1234567', '0031201234567', '+31201234567;ext=1', 'tel:+31201234567', '']) assert.equal(valueOf('phone', text), undefined);
  });

  it('is hashed by kind, value and key, each of which makes another hash', () => {
    fc.assert(fc.property(EMAIL, EMAIL, fc.uint8Array({ minLength: 32, maxLength: 32 }), (one, other, bytes) => {
      const hash = new KeyedHash(Buffer.from(bytes));
      const [first, second] = [normalise('email', one) ?? assert.fail(), normalise('email', other) ?? assert.fail()];
      assert.equal(hash.ofAddress(first).equals(hash.ofAddress(second)), first.value === second.value);
      assert.ok(!hash.ofAddress(first).equals(hash.ofAddress({ ...first, kind: 'phone' })));
      assert.ok(!hash.ofAddress(first).equals(new KeyedHash(Buffer.alloc(32, (bytes[0] ?? 0) + 1)).ofAddress(first)));
      assert.equal(hash.ofAddress(first).length, 32);
    }));
  });

  it('has the domain of an e-mail address, or five digits of a number, for its prefix', () => {
    assert.equal(prefixOf(normalise('email', 'User@Example.COM') ?? assert.fail()), 'example.com');
    for (const domain of ['b\u00fccher.example', 'B\u00dcCHER.example', 'xn--bcher-kva.example', 'b\uff55\u0308cher.example', 'bu\ufe0f\u0308cher.example']) {
      assert.equal(prefixOf(normalise('email', `user@${domain}`) ?? assert.fail()), 'xn--bcher-kva.example', domain);
    }
    assert.equal(prefixOf(normalise('email', 'user@no domain') ?? assert.fail()), 'no domain');
    assert.equal(prefixOf(normalise('phone', '+31 20 123 4567') ?? assert.fail()), '+31201');
  });
});
