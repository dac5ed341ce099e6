import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { jsonText } from '../../src/cli/json.ts';

describe('JSON on a terminal', () => {
  it('has nothing that a terminal acts upon, and says the same', () => {
    const name = '\u001b[31m\u007f\u009b31m\u0085\u202e\u2028\u2029\ufeff\u{e0001}é漢😀"\\';
    const value = { [name]: [name, 1, null] };
    for (const indent of [undefined, 2]) {
      const text = jsonText(value, indent);
      assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      assert.ok(text.includes('é漢😀'));
      assert.deepEqual(JSON.parse(text), value);
    }
  });
});
