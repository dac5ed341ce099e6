import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { StrictJsonError, parseStrictJson } from '../src/strict_json.ts';

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

function refuses(input: string | Uint8Array, reason?: RegExp): void {
  throws(() => parseStrictJson(input), (error: unknown) => {
    ok(error instanceof StrictJsonError);
    if (reason) ok(reason.test(error.message), error.message);
    return true;
  });
}

describe('strict JSON', () => {
  for (const text of [
    'null', ' true ', 'false', '""', '"a\\u0041\\n\\/"', '"\\ud83d\\ude00"', '"😀"', '0', '-0', '12', '-1.5e-3',
    '1E+2', '1e308',
    '123456789012345', '1234567890123456', '12345678901234567890', '0.1', '5e-324', '1e-400', '[]', '{}', '[ ]',
    '{ }', '\t\r\n[1 , 2]',
    '{"a":{"b":[1,{"c":null}]}, "d" : "e"}', '{"":1}', '{"1":1,"0":2}', '"\u007f\u2028"',
    '{"constructor":1,"toString":2}',
  ]) {
    it(`reads ${JSON.stringify(text)} as JSON.parse does`, () => {
      deepEqual(parseStrictJson(text), JSON.parse(text));
      deepEqual(parseStrictJson(Buffer.from(text)), JSON.parse(text));
    });
  }

  for (const text of [
    '', ' ', '{', '[', '"', '"\\', '"\\"', '[1', '[1,', '[1,]', '[,1]', '[1 2]', '{"a"', '{"a":', '{"a":1',
    '{"a":1,', '{"a":1,}', '{,}',
    '{a:1}', "{'a':1}", '{1:1}', '{"a" 1}', '{"a":1 "b":2}', '{"a":1]', '[1}', 'tru', 'True', 'nul', 'NaN',
    'Infinity', '-Infinity',
    'undefined', '-', '+1', '01', '-01', '1.', '.5', '1e', '1e+', '0x10', '1_000', '--1', '"\\x41"', '"\\u00g0"',
    '"\\u12"', '"\n"', '"\\n\n"',
    '"\u0000"', '"\\', "'a'", '// c\n1', '/* c */1', '1 1', '1,', 'null]', '{} {}', '1\u0000', '\u00a01', '\u20281',
    '\f1', '\v1',
  ]) {
    it(`refuses ${JSON.stringify(text)} as JSON.parse does`, () => {
      throws(() => JSON.parse(text) as unknown);
      refuses(text);
    });
  }

  it('refuses duplicate members at any depth, however they are written', () => {
    for (const text of [
      '{"a":1,"a":1}', '{"a":1,"b":2,"\\u0061":3}', '[{"x":{"a":1,"a":2}}]', '{"":1,"":2}', '{"1":1,"1":2}',
      '{"__proto__":1,"__proto__":2}', '{"constructor":1,"constructor":2}', '{"\\ud83d\\ude00":1,"😀":2}',
    ]) {
      refuses(text, /^duplicate member at offset \d+$/);
    }
    deepEqual(parseStrictJson('[{"a":1},{"a":2},{"A":1,"a":{"a":1}}]'), [{ a: 1 }, { a: 2 }, { A: 1, a: { a: 1 } }]);
  });

  it('nests up to 64 arrays and objects, or as deep as the caller says', () => {
    ok(Array.isArray(parseStrictJson(nested(64))));
    refuses(nested(65), /^nested too deeply/);
    refuses('{"a":'.repeat(33) + '['.repeat(32) + '1' + ']'.repeat(32) + '}'.repeat(33), /^nested too deeply/);
    ok(parseStrictJson('{"a":'.repeat(32) + nested(32) + '}'.repeat(32)));
    deepEqual(parseStrictJson(`[${nested(63)},${nested(63)}]`), JSON.parse(`[${nested(63)},${nested(63)}]`));
    equal(parseStrictJson('1', { depth: 0 }), 1);
    throws(() => parseStrictJson('[]', { depth: 0 }), StrictJsonError);
    throws(() => parseStrictJson('[[[]]]', { depth: 2 }), StrictJsonError);
  });

  it('makes __proto__ an own property and touches no prototype', () => {
    const value = parseStrictJson('{"__proto__":{"polluted":true},"a":{"__proto__":null,"\\u005f_proto__x":1}}');
    ok(typeof value === 'object' && value !== null);
    equal(Object.getPrototypeOf(value), Object.prototype);
    deepEqual(Object.keys(value), ['__proto__', 'a']);
    equal(Object.hasOwn(value, '__proto__'), true);
    equal('polluted' in value, false);
    equal(Reflect.get({}, 'polluted'), undefined);
    deepEqual(value, JSON.parse('{"__proto__":{"polluted":true},"a":{"__proto__":null,"__proto__x":1}}'));
  });

  it('refuses surrogates without a partner, escaped or not', () => {
    for (const text of [
      '"\\ud83d"', '"\\ude00"', '"\\ude00\\ud83d"', '"\\ud83dx\\ude00"', '"\\ud83d😀"', '{"\\ud83d":1}', '"\ud83d"',
      '"\ude00"', '"\\ud83d\ude00"',
    ]) {
      refuses(text, /^unpaired surrogate/);
    }
    refuses(Buffer.from('22eda0bd22', 'hex'), /^not UTF-8/);
  });

  it('refuses bytes that are not UTF-8 and a byte order mark', () => {
    for (const hex of ['22ff22', '22c022', '22c0af22', '22e28222', '22f4908080 22', '22 80 22', '5b22c3225d']) {
      refuses(Buffer.from(hex.replaceAll(' ', ''), 'hex'), /^not UTF-8/);
    }
    refuses(Buffer.from('efbbbf31', 'hex'));
    refuses('\ufeff1');
    refuses(Buffer.from('fffe3100', 'hex'));
    equal(parseStrictJson(Buffer.from('1')), 1, 'a failure leaves nothing behind in the decoder');
  });

  it('refuses numbers that a double cannot hold', () => {
    for (const text of ['1e999', '-1e999', '[1e309]', `1${'0'.repeat(400)}`]) refuses(text, /^number too large/);
    ok(Object.is(parseStrictJson('-0'), -0));
  });

  it('never quotes the input in its error', () => {
    for (const text of [
      '{"sentinel":1,"sentinel":2}', '"sentinel\\x"', '"sentinel', 'sentinel', '{"sentinel" 1}', '"sentinel\\ud800"',
      '["sentinel" 1]',
    ]) {
      throws(() => parseStrictJson(text), (error: unknown) => {
        ok(error instanceof StrictJsonError);
        equal(error.cause, undefined);
        ok(!error.message.includes('sentinel'));
        return true;
      });
    }
  });

  it('survives a megabyte of anything', () => {
    const size = 1 << 20;
    for (const text of [
      '['.repeat(size), '{"a":'.repeat(size / 4), '"'.padEnd(size, '\\'), ' '.repeat(size), '1'.repeat(size),
      '-'.repeat(size),
    ]) {
      refuses(text);
    }
    equal(parseStrictJson(`"${'\\u0041'.repeat(size / 8)}"`), 'A'.repeat(size / 8));
    equal(parseStrictJson(`0.${'0'.repeat(size)}1`), 0);
    const members = Array.from({ length: 90_000 }, (_, i) => [`k${i}`, i] as const);
    deepEqual(parseStrictJson(JSON.stringify(Object.fromEntries(members))), Object.fromEntries(members));
  });
});
