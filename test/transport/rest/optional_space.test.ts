import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { trimOptionalSpace } from '../../../src/transport/rest/optional_space.ts';

/** A text, and what is left of it. */
const ROWS: readonly (readonly [text: string, trimmed: string])[] = [
  ['', ''], [' ', ''], ['\t \t', ''], ['a', 'a'], [' a', 'a'], ['a\t', 'a'], [' \ta b\t ', 'a b'], ['\u000ba\u000c', '\u000ba\u000c'], ['\u00a0a\u00a0', '\u00a0a\u00a0'],
  ['\r\na\r\n', '\r\na\r\n'], [`a${' '.repeat(16_000)}b`, `a${' '.repeat(16_000)}b`], [`${' '.repeat(16_000)}b${'\t'.repeat(16_000)}`, 'b'],
];

describe('the optional white space of HTTP', () => {
  it('is blanks and tabs at either end, and nothing else', () => {
    for (const [text, trimmed] of ROWS) assert.equal(trimOptionalSpace(text), trimmed, JSON.stringify(text.slice(0, 20)));
  });
});
