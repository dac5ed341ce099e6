import { deepEqual, ok } from 'node:assert/strict';
import * as fc from 'fast-check';
import { StrictJsonError, parseStrictJson } from '../src/strict_json.ts';

interface Outcome {
  readonly value?: unknown;
  readonly refused: boolean;
}

function strictly(input: string | Uint8Array): Outcome {
  try {
    return { value: parseStrictJson(input), refused: false };
  } catch (error) {
    ok(error instanceof StrictJsonError, 'nothing but StrictJsonError is thrown');
    return { refused: true };
  }
}

function loosely(text: string): Outcome {
  try {
    return { value: JSON.parse(text) as unknown, refused: false };
  } catch {
    return { refused: true };
  }
}

/** A JSON string in which every unit is escaped. */
function escaped(name: string): string {
  const units = Array.from({ length: name.length }, (_, i) => name.charCodeAt(i).toString(16).padStart(4, '0'));
  return `"${units.map((unit) => `\\u${unit}`).join('')}"`;
}

const json = fc.json({ stringUnit: 'binary', maxDepth: 5 });
const fragments = fc.constantFrom(
  '{', '}', '[', ']', ',', ':', '"a"', '"b"', '"\\u0061"', '1', '-', '0', '.5', 'e3', 'true', 'null', ' ', '\n', '"',
  '\\', 'x',
);

describe('strict JSON, properties', () => {
  it('agrees with JSON.parse on every text that JSON.stringify writes', () => {
    fc.assert(fc.property(json, (text) => {
      deepEqual(strictly(text), loosely(text));
      deepEqual(strictly(Buffer.from(text)), loosely(text));
    }));
  });

  it('agrees with JSON.parse on indented text', () => {
    fc.assert(fc.property(fc.jsonValue(), fc.constantFrom(1, 3, '\t', '\r'), (value, indent) => {
      const text = ` ${JSON.stringify(value, undefined, indent)}\r\n`;
      deepEqual(strictly(text), loosely(text));
    }));
  });

  it('refuses a member given twice, and no other, whatever colons are in names and values', () => {
    const text = fc.constantFrom('', ':', 'a', 'a:', '::a', '":"', 'é:');
    fc.assert(fc.property(fc.array(fc.tuple(text, fc.oneof(text, fc.array(text), fc.dictionary(text, text)))), (members) => {
      const written = `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(', ')}}`;
      deepEqual(strictly(written).refused, new Set(members.map(([name]) => name)).size < members.length);
    }), { numRuns: 2000 });
  });

  it('accepts nothing that JSON.parse refuses, and never with another value', () => {
    fc.assert(fc.property(fc.array(fragments, { maxLength: 12 }), (parts) => {
      const text = parts.join('');
      const strict = strictly(text);
      if (!strict.refused) deepEqual(strict, loosely(text));
    }), { numRuns: 3000 });
  });

  it('refuses a text that was cut or changed in one place unless JSON.parse takes it', () => {
    fc.assert(fc.property(json, fc.nat(), fc.string({ minLength: 0, maxLength: 1 }), (text, place, patch) => {
      const at = place % (text.length + 1);
      const changed = text.slice(0, at) + patch + text.slice(at + 1);
      const strict = strictly(changed);
      if (!strict.refused) deepEqual(strict, loosely(changed));
    }));
  });

  it('reads numbers as JSON.parse does', () => {
    const digits = fc.bigInt({ min: 0n, max: 10n ** 25n }).map(String);
    const sign = fc.constantFrom('', '-');
    const fraction = fc.option(digits.map((it) => `.${it}`), { nil: '' });
    const exponent = fc.option(fc.integer({ min: -340, max: 400 }).map((it) => `e${it}`), { nil: '' });
    fc.assert(fc.property(fc.tuple(sign, digits, fraction, exponent), (parts) => {
      const text = parts.join('');
      const loose = loosely(text);
      deepEqual(strictly(text), Number.isFinite(loose.value) ? loose : { refused: true });
    }));
  });

  it('refuses every generated duplicate', () => {
    fc.assert(fc.property(fc.string(), fc.uniqueArray(
      fc.string(), { maxLength: 20 },
    ), fc.nat(), fc.boolean(), (name, others, place, escape) => {
      const members = others.filter((other) => other !== name).map((other) => `${JSON.stringify(other)}:1`);
      members.unshift(`${JSON.stringify(name)}:[]`);
      ok(!strictly(`{${members.join(',')}}`).refused);
      members.splice(1 + (place % members.length), 0, `${escape ? escaped(name) : JSON.stringify(name)}:{}`);
      ok(strictly(`{${members.join(',')}}`).refused);
      ok(strictly(`[{"a":{${members.join(',')}}}]`).refused);
    }));
  });

  it('throws nothing but its own error on arbitrary input', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void strictly(bytes)));
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void strictly(text)));
    const units = fc.array(fc.nat(0xffff)).map((codes) => `"${String.fromCharCode(...codes)}"`);
    fc.assert(fc.property(units, (text) => {
      if (!text.isWellFormed()) ok(strictly(text).refused);
      else strictly(text);
    }));
  });
});
