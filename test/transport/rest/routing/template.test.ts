import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import * as fc from 'fast-check';
import { RouteError, parseTemplate } from '../../../../src/transport/rest/routing/template.ts';
import type { Segment } from '../../../../src/transport/rest/routing/template.ts';

const any: Segment = { kind: 'any' };
const rest: Segment = { kind: 'rest' };
const literal = (text: string): Segment => ({ kind: 'literal', text });

/** Literals as text, wildcards as they are written. */
function shape(template: string): string[] {
  const written = { any: '*', rest: '**' };
  return parseTemplate(template).segments.map((each) => (each.kind === 'literal' ? each.text : written[each.kind]));
}

describe('parseTemplate', () => {
  it('reads literals, wildcards, variables and a verb', () => {
    assert.deepEqual(parseTemplate('/v1/*/{name=shelves/*}/{rest.of_it=**}:do'), {
      segments: [literal('v1'), any, literal('shelves'), any, rest],
      variables: [
        { path: 'name', start: 2, end: 4, multiSegment: true },
        { path: 'rest.of_it', start: 4, end: 5, multiSegment: true },
      ],
      verb: 'do',
    });
  });

  it('has no variables and no verb where there are none', () => {
    assert.deepEqual(parseTemplate('/a'), { segments: [literal('a')], variables: [], verb: undefined });
  });

  it('reads {x} as {x=*}', () => {
    assert.deepEqual(parseTemplate('/a/{x}'), parseTemplate('/a/{x=*}'));
    assert.deepEqual(parseTemplate('/{x}').variables, [{ path: 'x', start: 0, end: 1, multiSegment: false }]);
  });

  for (const [template, multiSegment] of [
    ['/{x=a}', false],
    ['/{x=*}:v', false],
    ['/{x=**}', true],
    ['/{x=a/b}', true],
    ['/{x=a/**}', true],
  ] as const) {
    it(`says whether ${template} spans several segments`, () => {
      assert.equal(parseTemplate(template).variables[0]?.multiSegment, multiSegment);
    });
  }

  for (const path of ['_', 'a1_B', 'a.b_c.D2', '__proto__', 'constructor.name']) {
    it(`takes the field path ${path}`, () => {
      assert.equal(parseTemplate(`/{${path}}`).variables[0]?.path, path);
    });
  }

  for (const path of ['', '.', '1a', 'a..b', 'a.', '.a', 'a-b', 'a b', 'a.1', 'é', 'a%62', '*', 'a/b', 'a:b', '{a', ' a']) {
    it(`refuses the field path "${path}"`, () => {
      assert.throws(() => parseTemplate(`/{${path}}`), RouteError);
      assert.throws(() => parseTemplate(`/{${path}=*}`), RouteError);
    });
  }

  it('decodes literals and the verb once', () => {
    assert.deepEqual(shape('/foo%2Fbar/%2A/%2a%2A/%25%32%46/%C3%A9'), ['foo/bar', '*', '**', '%2F', 'é']);
    assert.equal(parseTemplate('/a:%2c').verb, ',');
    assert.equal(parseTemplate('/a:b%3Ac').verb, 'b:c');
    assert.deepEqual(parseTemplate('/%2A').segments, [literal('*')]);
  });

  it('takes every character that RFC 3986 allows raw, but ":" and "*"', () => {
    const text = "azAZ09-._~!$&'()+,;=@";
    assert.deepEqual(shape(`/${text}/{x=${text}/*}`), [text, text, '*']);
    assert.equal(parseTemplate(`/a:${text}`).verb, text);
  });

  it('leaves dot segments alone', () => {
    assert.deepEqual(shape('/./..'), ['.', '..']);
  });

  const unfit = [...' "#<>?[\\]^`|'.split(''), '\t', '\n', '\0', '\u007F', 'é', '😀', '\uD800'];
  const refused: [reason: string, ...templates: string[]][] = [
    ['no leading slash', '', 'a', '*', '{x}', ':v', ' /a', 'http://h/a'],
    ['the root path', '/'],
    ['an empty segment', '//', '//a', '/a//b', '/a/:v', '/:v', '/{x=}', '/{x=a//b}', '/{x=/a}'],
    ['a trailing slash', '/a/', '/*/', '/{x}/', '/{x=a/}', '/a:v/', '/**/'],
    ['** that is not last', '/**/a', '/**/**', '/**/*', '/{x=**}/a', '/{x=**/a}', '/{x=**/**}', '/{x=a/**/b}:v'],
    ['a variable within a variable', '/{x={y}}', '/{x=a/{y}}', '/{x=a/{y=*}/b}', '/{x=a{y}}'],
    ['a variable bound twice', '/{x}/{x}', '/{x=a/*}/b/{x=**}', '/{a.b}/{a.b}'],
    ['an empty verb', '/a:', '/*:', '/**:', '/{x}:'],
    ['a verb with a colon', '/a:b:c', '/a::b', '/a:b:', '/{x}:a:b'],
    ['a verb that is not last', '/a:b/c', '/{x=a:b}', '/{x=*:b}/c', '/{x:b}'],
    ['a verb that is not a literal', '/a:*', '/a:**', '/a:{x}', '/a:b*'],
    ['an asterisk within a literal', '/a*', '/*a', '/***', '/a**b', '/{x=a*}', '/{x=***}'],
    ['text beside a variable', '/a{x}', '/{x}a', '/{x}{y}', '/{x}a{y}', '/a{x=b/**}/{y=*}'],
    ['braces that do not pair', '/{', '/{x', '/{x=', '/{x=*', '/}', '/a}', '/{x}}', '/{{x}}', '/{x=*}}', '/{x=a/{', '/{}'],
    ['a malformed escape', '/%', '/%2', '/%zz', '/a%', '/%2/b', '/a:%', '/{x=%g0}', '/%%41'],
    ['bytes that are not UTF-8', '/%ff', '/%C3', '/%C3%28', '/%C0%AF', '/%E0%80%AF', '/%ED%A0%80', '/%F4%90%80%80', '/a:%80'],
    ['NUL', '/%00', '/a%00b', '/a:%00'],
    ['characters no path may hold raw', ...unfit.flatMap((each) => [`/a${each}`, `/a:${each}`, `/{x=${each}/*}`])],
  ];
  for (const [reason, ...templates] of refused) {
    it(`refuses ${reason}`, () => {
      for (const template of templates) {
        assert.throws(() => parseTemplate(template), RouteError, JSON.stringify(template));
      }
    });
  }

  for (const [template, message] of [
    ['a', 'template "a": it must start with "/"'],
    ['/a/', 'template "/a/": a segment is empty at position 3'],
    ['/{a b}', 'template "/{a b}": "a b" is not a field path'],
    ['/{x}/{x}', 'template "/{x}/{x}": {x} is bound twice'],
    ['/{x=*', 'template "/{x=*": the end is unexpected at position 5'],
    ['/{x}a', 'template "/{x}a": "a" is unexpected at position 4'],
    ['/{x={y}}', 'template "/{x={y}}": a variable cannot hold another one'],
    ['/**/a', 'template "/**/a": "**" must be the last segment'],
    ['/a:', 'template "/a:": the verb is empty'],
    ['/a:b:c', 'template "/a:b:c": ":" cannot stand raw in "b:c"'],
    ['/a/b😀', 'template "/a/b😀": "😀" cannot stand raw in "b😀"'],
    ['/%ff', 'template "/%ff": "%ff" has an escape that is malformed, not UTF-8 or NUL'],
  ] as const) {
    it(`explains what is wrong with ${template}`, () => {
      assert.throws(() => parseTemplate(template), { name: 'RouteError', message });
    });
  }

  it('parses or refuses, whatever the text', () => {
    const pieces = ['/', '*', '**', '{', '}', '=', ':', '.', 'a', 'b', '%41', '%', '%ff', 'é', ' '];
    const text = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((each) => each.join(''));
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: 'binary' })), (after) => {
        try {
          const { segments, variables } = parseTemplate(`/${after}`);
          assert.ok(segments.length > 0);
          assert.ok(variables.every(({ start, end }) => 0 <= start && start < end && end <= segments.length));
        } catch (error) {
          assert.ok(error instanceof RouteError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
