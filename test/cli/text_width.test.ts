import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import { cutTo, fold, foldAtBlanks, pad, widthOf } from '../../src/cli/text_width.ts';

/** Words as people of many places write them, and how wide a terminal shows them. */
const WIDTHS: readonly (readonly [text: string, width: number])[] = [
  ['', 0], ['pump-7', 6], ['Größe', 5], ['Gro\u0308\u00dfe', 5], ['ポンプ', 6], ['ﾎﾟﾝﾌﾟ', 5], ['水泵', 4], ['펌프', 4],
  ['\u1111\u1165\u11b7\u1111\u1173', 4], ['насос', 5], ['مضخة', 4], ['ปั๊ม', 2], ['पंप', 2], ['（全）', 6], ['🚰', 2], ['❤', 1], ['🇯🇵', 2], ['𠮷', 2], ['א\u05b8', 1],
];

const text = fc.string({ unit: fc.oneof(fc.constantFrom(...Array.from(' -_.:T1aé水ポ🚰\u0301')), fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom(...Array.from('ab水')) })), maxLength: 40 });
const width = fc.integer({ min: 3, max: 30 });

describe('the width of texts', () => {
  for (const [sample, expected] of WIDTHS) {
    it(`is ${expected} for ${JSON.stringify(sample)}`, () => assert.equal(widthOf(sample), expected));
  }

  it('counts after filling up', () => {
    assert.equal(pad('水', 4), '水  ');
    assert.equal(pad('pump', 2), 'pump');
  });

  it('is cut with an ellipsis, never within a character', () => {
    assert.equal(cutTo('pump-7', 6), 'pump-7');
    assert.equal(cutTo('pump-77', 6), 'pump-…');
    assert.equal(cutTo('水泵水泵', 6), '水泵…');
    assert.equal(cutTo('e\u0301e\u0301e\u0301', 2), 'e\u0301…');
  });

  it('ends lines between words, behind what parts them, and anywhere if it must', () => {
    assert.deepEqual(fold('the quick fox', 9), ['the quick', 'fox']);
    assert.deepEqual(fold('2026-11-22T16:21:54.123Z', 14), ['2026-11-22', 'T16:21:54.123Z']);
    assert.deepEqual(fold('iotda:devices:query', 10), ['iotda:', 'devices:', 'query']);
    assert.deepEqual(fold('UPDATES_ALLOWED', 10), ['UPDATES_', 'ALLOWED']);
    assert.deepEqual(fold('abcdefghij', 4), ['abcd', 'efgh', 'ij']);
    assert.deepEqual(fold('10.0.0.1-x', 9), ['10.0.0.1-', 'x']);
    assert.deepEqual(fold('水泵水泵', 5), ['水泵', '水泵']);
    assert.deepEqual(foldAtBlanks('a thumbprint-that-is-long b', 10), ['a', 'thumbprint-that-is-long', 'b']);
  });

  it('is never passed, and nothing but blanks is lost', () => {
    fc.assert(
      fc.property(text, width, (sample, most) => {
        const lines = fold(sample, most);
        for (const line of lines) assert.ok(widthOf(line) <= most, JSON.stringify(line));
        assert.equal(lines.join('').replaceAll(' ', ''), sample.replaceAll(' ', ''));
        assert.ok(widthOf(cutTo(sample, most)) <= most);
        assert.equal(foldAtBlanks(sample, most).join('').replaceAll(' ', ''), sample.replaceAll(' ', ''));
      }),
    );
  });
});
