import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { compileValidator } from '../../src/contract/validate.ts';
import { sample, sampleImage } from './samples.ts';

/** A message as ts-proto decodes it (`oneof=unions-value`): defaults for all that is not given. */
const EMPTY = {
  needed: 'x', short: '', word: '', words: [], some: ['y'], free: '', part: undefined, parts: [], labels: {}, partMap: {},
  choice: undefined, maybe: undefined, partByNumber: new Map(),
};

/** What is given, and the fields that are refused. */
const CASES: readonly (readonly [name: string, given: object, refused: readonly string[]])[] = [
  ['nothing but what is required', {}, []],
  ['no required text', { needed: '' }, ['needed']],
  ['no member of a required list', { some: [] }, ['some']],
  ['text as long as it may be', { short: 'abc' }, []],
  ['text that is too long', { short: 'abcd' }, ['short']],
  ['characters beyond U+FFFF, which count once', { short: '😀😀😀' }, []],
  ['too many characters beyond U+FFFF', { short: '😀😀😀😀' }, ['short']],
  ['text of the pattern', { word: 'abc' }, []],
  ['the other branch of the pattern', { word: '7' }, []],
  ['text that only begins like the pattern', { word: 'abc1' }, ['word']],
  ['text that only ends like the pattern', { word: 'a77' }, ['word']],
  ['a line feed after the pattern', { word: 'abc\n' }, ['word']],
  ['text of the pattern on a line of its own', { word: '!\nabc' }, ['word']],
  ['members that fit', { words: ['a', 'bc'] }, []],
  ['a member that does not fit', { words: ['a', 'B'] }, ['words']],
  ['a member that is too long', { words: ['abcde'] }, ['words']],
  ['an empty member of a list with a pattern', { words: ['a', ''] }, ['words']],
  ['too many members', { words: ['a', 'b', 'c'] }, ['words']],
  ['an optional text that is not set', { maybe: undefined }, []],
  ['an optional text that does not fit', { maybe: 'A' }, ['maybe']],
  ['all faults at once', { needed: '', short: 'long', word: '!' }, ['needed', 'short', 'word']],
  ['U+0000 in text without rules', { free: 'a\0b' }, ['free']],
  ['U+0000 in text with rules', { needed: '\0' }, ['needed']],
  ['U+0000 in a list', { some: ['a', '\0'] }, ['some']],
  ['U+0000 in an optional text', { maybe: '\0' }, ['maybe']],
  ['U+0000 in the value of a map', { labels: { a: '\0' } }, ['labels']],
  ['U+0000 in the key of a map', { labels: { '\0': 'a' } }, ['labels']],
  ['U+0000 in a oneof', { choice: { $case: 'left', value: '\0' } }, ['left']],
  ['a nested message that fits', { part: { word: 'a', inner: { word: 'b' } } }, []],
  ['a nested message that does not fit', { part: { word: 'A', inner: { word: 'B' } } }, ['part.word', 'part.inner.word']],
  ['a message in a list that does not fit', { parts: [{ word: 'a' }, { word: 'B' }] }, ['parts[1].word']],
  ['U+0000 in a message in a list', { parts: [{ word: '\0' }] }, ['parts[0].word']],
  ['a message in a map that does not fit', { partMap: { k: { word: 'B' } } }, ['part_map.k.word']],
  ['a message in a map by numbers that does not fit', { partByNumber: new Map([[5n, { word: 'a' }], [-7n, { word: 'B' }]]) }, ['part_by_number.-7.word']],
  ['a map that inherits what it was given', { labels: Object.create({ a: 'b' }) as object }, ['labels']],
  ['a text of a oneof that does not fit', { choice: { $case: 'left', value: 'abc' } }, ['left']],
  ['a message of a oneof that does not fit', { choice: { $case: 'right', value: { word: 'B' } } }, ['right.word']],
];

describe('rules of fields', () => {
  const validate = compileValidator(sampleImage(), sample('Ruled'));

  for (const [name, given, refused] of CASES) {
    it(`${refused.length === 0 ? 'take' : 'refuse'} ${name}`, () => {
      const fields = validate({ ...EMPTY, ...given }).map((violation) => violation.field.replace(/^(labels|some|words)[.[].*$/s, '$1'));
      assert.deepEqual(fields, refused);
    });
  }

  it('say what the field expects, and never quote the value', () => {
    const violations = validate({ ...EMPTY, needed: '', word: 'Hush', short: 'Hush' });
    assert.deepEqual(violations, [
      { field: 'needed', description: 'is required: a word' },
      { field: 'short', description: 'has not the expected form' },
      { field: 'word', description: 'expects letters or one digit' },
    ]);
  });

  for (const name of ['RequiredNumber', 'RequiredMessage', 'RuledNumbers']) {
    it(`of ${name} do not fit its field or are kept: they are never dropped in silence`, () => {
      const wrong = { RequiredNumber: { number: 0 }, RequiredMessage: { part: undefined }, RuledNumbers: { numbers: [1, 2, 3] } };
      const violations = (): unknown[] => compileValidator(sampleImage(), sample(name))(wrong[name as keyof typeof wrong]);
      let found: unknown[];
      try {
        found = violations();
      } catch (error) {
        assert.match(String(error), new RegExp(`sample\\.${name}\\.`));
        return;
      }
      assert.equal(found.length, 1);
    });
  }
});
