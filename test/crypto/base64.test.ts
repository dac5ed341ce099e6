import { deepEqual, equal, ok } from 'node:assert/strict';
import * as fc from 'fast-check';
import { decodeBase64Either, decodeBase64Standard, decodeBase64url } from '../../src/crypto/base64.ts';

/** 0xfb 0xff 0xbf is `+/+/` and `-_-_`. */
const MIXED = Buffer.from('fbffbf', 'hex');

/** The four spellings of a value: two alphabets, padded or not. */
function spellings(bytes: Buffer): string[] {
  const standard = bytes.toString('base64');
  const urlSafe = standard.replaceAll('+', '-').replaceAll('/', '_');
  return [standard, urlSafe].flatMap((text) => [text, text.replaceAll('=', '')]);
}

describe('base64, strict', () => {
  it('decodes base64url without padding', () => {
    deepEqual(decodeBase64url('-_-_'), MIXED);
    deepEqual(decodeBase64url('AA'), Buffer.alloc(1));
    deepEqual(decodeBase64url(''), Buffer.alloc(0));
  });

  for (const text of [
    '+/+/', 'AA==', 'AAA=', 'A', 'AAAAA', 'AB', 'AAB', 'AA AA', 'AAAA\n', ' AAAA', 'AA.A', 'AAé', 'ÁAAA',
    '\u0141AAA', 'AA\u0000A', '=', 'AAAA====',
  ]) {
    it(`refuses ${JSON.stringify(text)} as base64url`, () => equal(decodeBase64url(text), undefined));
  }

  it('decodes standard base64 with padding', () => {
    deepEqual(decodeBase64Standard('+/+/'), MIXED);
    deepEqual(decodeBase64Standard('AA=='), Buffer.alloc(1));
    deepEqual(decodeBase64Standard('AAA='), Buffer.alloc(2));
    deepEqual(decodeBase64Standard(''), Buffer.alloc(0));
  });

  for (const text of [
    '-_-_', 'AA', 'AAA', 'A', 'A===', 'AA=', 'AAA==', 'AAAA=', 'AAAA====', 'AB==', 'AAB=', 'AA==AA==', 'AA\n==',
    'AAAA ', '=AAA', '\u0141AAA',
  ]) {
    it(`refuses ${JSON.stringify(text)} as standard base64`, () => equal(decodeBase64Standard(text), undefined));
  }

  it('decodes either alphabet, padded or not', () => {
    for (const text of ['+/+/', '-_-_']) deepEqual(decodeBase64Either(text), MIXED);
    for (const text of ['+w==', '+w', '-w==', '-w']) deepEqual(decodeBase64Either(text), MIXED.subarray(0, 1));
    for (const text of ['+/8=', '+/8', '-_8=', '-_8']) deepEqual(decodeBase64Either(text), MIXED.subarray(0, 2));
  });

  for (const text of [
    '+_+_', '-/-/', '+w=', '+w===', '+/8==', 'AAAA=', 'AAAA====', 'A', 'A===', 'A==', 'AAAAA', 'AB', 'AB==', 'AAB',
    '+w\n', '+ w=', 'AA==AA', '=', '====', '\u0141AAA', 'AA%3D%3D',
  ]) {
    it(`refuses ${JSON.stringify(text)} in either alphabet`, () => equal(decodeBase64Either(text), undefined));
  }

  it('decodes what an encoder wrote', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (array) => {
      const bytes = Buffer.from(array);
      deepEqual(decodeBase64url(bytes.toString('base64url')), bytes);
      deepEqual(decodeBase64Standard(bytes.toString('base64')), bytes);
      for (const text of spellings(bytes)) deepEqual(decodeBase64Either(text), bytes);
    }));
  });

  it('has at most one text for a value', () => {
    const text = fc.string({
      unit: fc.constantFrom('A', 'B', 'Q', 'w', '8', '-', '_', '+', '/', '=', ' '), maxLength: 9,
    });
    fc.assert(fc.property(text, (input) => {
      const url = decodeBase64url(input);
      if (url) equal(url.toString('base64url'), input);
      const standard = decodeBase64Standard(input);
      if (standard) equal(standard.toString('base64'), input);
      const either = decodeBase64Either(input);
      if (either) ok(spellings(either).includes(input));
    }), { numRuns: 2000 });
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
      decodeBase64url(text);
      decodeBase64Standard(text);
      decodeBase64Either(text);
    }));
  });
});
