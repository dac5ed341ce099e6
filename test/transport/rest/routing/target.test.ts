import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import * as fc from 'fast-check';
import {
  parseQuery,
  percentDecode,
  percentDecodeExceptSlash,
  splitTarget,
  splitVerb,
} from '../../../../src/transport/rest/routing/target.ts';

const encodeUtf8 = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
const unicode = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0'));

function split(target: string): unknown {
  const parts = splitTarget(target);
  return parts && splitVerb(parts);
}

const malformedEscapes = ['%', '%2', '%zz', '%4', 'a%', '%%41', '%-1', '%u0041', '%+1', '% 1'];
const overlong = ['%C0%80', '%C0%AF', '%E0%80%AF'];
const notUtf8 = [...overlong, '%80', '%ff', '%C3', '%C3%28', '%C3x%A9', '%ED%A0%80', '%ED%B0%80', '%F4%90%80%80'];

describe('splitTarget', () => {
  it('splits at the first "?" and at every "/", before decoding', () => {
    assert.deepEqual(splitTarget('/a/b%2Fc/d?x=/y?z'), {
      raw: ['a', 'b%2Fc', 'd'],
      texts: ['a', 'b/c', 'd'],
      query: 'x=/y?z',
    });
  });

  it('tells an empty query from none', () => {
    assert.equal(splitTarget('/a?')?.query, '');
    assert.equal(splitTarget('/a')?.query, undefined);
  });

  for (const [target, raw] of [
    ['/', ['']],
    ['//', ['', '']],
    ['/a/', ['a', '']],
    ['//a//b', ['', 'a', '', 'b']],
    ['/./../a', ['.', '..', 'a']],
    ['/\\a;b=c:d@e', ['\\a;b=c:d@e']],
    ['/?a', ['']],
  ] as const) {
    it(`normalises nothing in ${target}`, () => {
      assert.deepEqual(splitTarget(target)?.raw, raw);
      assert.deepEqual(splitTarget(target)?.texts, raw);
    });
  }

  it('decodes exactly once', () => {
    assert.deepEqual(splitTarget('/%252F/%2e%2e/%3f%23/a+b')?.texts, ['%2F', '..', '?#', 'a+b']);
  });

  for (const target of ['', '*', 'a', 'a/b', '?a', 'http://host/a', 'host:443', ' /a']) {
    it(`refuses "${target}", which is not origin-form`, () => {
      assert.equal(splitTarget(target), undefined);
    });
  }

  it('refuses every character outside 0x21..0x7E and "#", in path and query', () => {
    for (let code = 0; code < 0x180; code += 1) {
      const character = String.fromCharCode(code);
      const taken = code >= 0x21 && code <= 0x7e && character !== '#' && character !== '%';
      assert.equal(splitTarget(`/a${character}`) !== undefined, taken, `path ${code}`);
      assert.equal(splitTarget(`/?${character}`) !== undefined, taken || character === '%', `query ${code}`);
    }
    for (const character of ['\u2028', '\uD800', '\uFF0F', '😀']) {
      assert.equal(splitTarget(`/${character}`), undefined);
    }
    assert.equal(splitTarget('/a\n'), undefined);
  });

  for (const text of [...malformedEscapes, ...notUtf8, '%00', 'a%00b']) {
    it(`refuses ${text} in the path and leaves it to others in the query`, () => {
      assert.equal(splitTarget(`/a/${text}`), undefined);
      assert.equal(splitTarget(`/${text}/a?b`), undefined);
      if (!text.includes(' ')) assert.equal(splitTarget(`/a?${text}`)?.query, text);
    });
  }

  it('refuses UTF-8 that is cut by a slash', () => {
    assert.equal(splitTarget('/%C3/%A9'), undefined);
  });

  it('never throws', () => {
    const near = fc.array(fc.constantFrom('/', '%', '2F', '%C3', '%A9', '?', '#', 'a', ':', '\0', 'é'));
    const text = fc.oneof(fc.string({ unit: 'binary' }), near.map((each) => each.join('')));
    const anyUnits = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units));
    fc.assert(
      fc.property(fc.oneof(text, text.map((each) => `/${each}`), anyUnits), (raw) => {
        const target = splitTarget(raw);
        assert.ok(target === undefined || target.raw.length === target.texts.length);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('splitVerb', () => {
  it('cuts at the last raw colon of the last segment', () => {
    assert.deepEqual(split('/a/b:c:d'), { raw: ['a', 'b:c'], texts: ['a', 'b:c'], verb: 'd' });
    assert.deepEqual(split('/a:b/c'), undefined);
    assert.deepEqual(split('/a:b/'), undefined);
    assert.deepEqual(split('/a%3Ab'), undefined);
  });

  it('decodes both sides, once', () => {
    assert.deepEqual(split('/x%3Ay:%3A%252f'), { raw: ['x%3Ay'], texts: ['x:y'], verb: ':%2f' });
  });

  it('may leave either side empty', () => {
    assert.deepEqual(split('/:'), { raw: [''], texts: [''], verb: '' });
  });

  it('leaves alone what does not decode', () => {
    assert.equal(splitVerb({ raw: ['%:a'], texts: ['?'] }), undefined);
    assert.equal(splitVerb({ raw: ['a:%'], texts: ['?'] }), undefined);
    assert.equal(splitVerb({ raw: [], texts: [] }), undefined);
  });
});

describe('percentDecode', () => {
  it('decodes once and leaves "+" alone', () => {
    assert.equal(percentDecode('a+b%20%2b%252F%c3%A9'), 'a+b +%2Fé');
    assert.equal(percentDecode(''), '');
  });

  for (const text of [...malformedEscapes, ...notUtf8, '%00', '\0', '\uD800', 'a\uDC00%20']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.equal(percentDecode(text), undefined);
      assert.equal(percentDecodeExceptSlash(text), undefined);
    });
  }

  it('gives back any Unicode text', () => {
    fc.assert(
      fc.property(unicode, (text) => {
        assert.equal(percentDecode(encodeUtf8(text)), text);
        assert.equal(percentDecode(encodeURIComponent(text)), text);
      }),
    );
  });

  it('keeps encoded slashes as they were written where asked', () => {
    assert.equal(percentDecodeExceptSlash('a%2Fb%2fc%252F%20%2E'), 'a%2Fb%2fc%2F .');
    assert.equal(percentDecodeExceptSlash('%2F%2F%2f'), '%2F%2F%2f');
  });
});

describe('parseQuery', () => {
  for (const [query, pairs] of [
    [undefined, []],
    ['', []],
    ['&&', []],
    ['a', [['a', '']]],
    ['a=', [['a', '']]],
    ['=a', [['', 'a']]],
    ['=', [['', '']]],
    ['b=1&a=2&b=3', [['b', '1'], ['a', '2'], ['b', '3']]],
    ['&a=1&&b=2&', [['a', '1'], ['b', '2']]],
    ['a=b=c', [['a', 'b=c']]],
    ['a+b+=+c+d%2B', [['a b ', ' c d+']]],
    ['%61=%2526', [['a', '%26']]],
    ['a%3D=%26', [['a=', '&']]],
    ['a;b=c;d', [['a;b', 'c;d']]],
    ['__proto__=x', [['__proto__', 'x']]],
    ['a=/?:@', [['a', '/?:@']]],
    ['a=%C3%A9', [['a', 'é']]],
  ] as const) {
    it(`reads ${JSON.stringify(query)}`, () => {
      assert.deepEqual(parseQuery(query), pairs);
    });
  }

  for (const text of ['%', '%zz', '%C3', '%ff', '%C0%AF', '%00', '\0', '%+1']) {
    it(`refuses ${JSON.stringify(text)} in a key or a value`, () => {
      assert.equal(parseQuery(`a=1&${text}=b`), undefined);
      assert.equal(parseQuery(`a=1&b=${text}`), undefined);
      assert.equal(parseQuery(text), undefined);
    });
  }

  it('gives back what URLSearchParams writes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(unicode, unicode)), (pairs) => {
        assert.deepEqual(parseQuery(new URLSearchParams(pairs).toString()), pairs);
      }),
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseQuery(text)));
  });
});
