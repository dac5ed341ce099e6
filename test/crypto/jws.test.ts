import { deepEqual, equal, ok } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { type CompactJws, parseCompactJws, readBearer } from '../../src/crypto/jws.ts';
import { base64url, compactJws, ecPair } from './keys.ts';

const { privateKey } = ecPair('P-256');
const HEADER = { alg: 'ES256', typ: 'JWT', kid: 'd1' };
const good = compactJws('ES256', privateKey, HEADER, { sub: 'd1' });
const [header = '', payload = '', signature = ''] = good.split('.');

function read(text: string): CompactJws | undefined {
  return parseCompactJws(text);
}

function ofLength(length: number): string {
  return `${header}.${payload}.`.padEnd(length, 'A');
}

describe('a compact JWS (contracts/iothentix.md 5)', () => {
  it('is read with its parts and its hash', () => {
    const jws = read(good);
    deepEqual(jws, {
      compact: good,
      sha256: createHash('sha256').update(good).digest(),
      header: HEADER,
      payload: { sub: 'd1' },
      signature: Buffer.from(signature, 'base64url'),
    });
  });

  it('has at most 8192 characters', () => {
    ok(read(ofLength(8192)));
    for (const length of [8193, 8194, 8195, 8196]) equal(read(ofLength(length)), undefined);
  });

  for (const [what, text] of [
    ['nothing', ''], ['one part', header], ['two parts', `${header}.${payload}`],
    ['four parts', `${good}.${signature}`], ['a dot after it', `${good}.`],
    ['no header', `.${payload}.${signature}`], ['no payload', `${header}..${signature}`],
    ['no signature', `${header}.${payload}.`], ['dots alone', '..'], ['many dots', '.'.repeat(8192)],
    ['padding', `${header}.${payload}.${signature}==`],
    ['the standard alphabet', `${header}.${payload}.${'+/'.repeat(43)}`],
    ['white space', `${header}.${payload}. ${signature}`], ['a newline at the end', `${good}\n`],
    ['a scheme word', `Bearer ${good}`],
    ['unused bits in the signature', `${header}.${payload}.${signature.slice(0, -1)}B`],
    ['unused bits in the header', `${base64url('{"a":1}').slice(0, -1)}R.${payload}.${signature}`],
    ['an impossible length', `${header}.${payload}.AAAAA`],
    ['a letter that is not ASCII', `${header}.${payload}.${signature.slice(0, -1)}\u0141`],
  ] as const) {
    it(`is not ${what}`, () => equal(read(text), undefined));
  }

  for (const json of [
    '{"alg":"ES256","alg":"none"}', '{"alg":"ES256","\\u0061lg":"none"}', '{"a":{"b":1,"b":2}}', '[]', '"x"', 'null',
    '1', '{}x', '{} {}', '', '{"a":1e999}', '{"a":"\\ud800"}',
    '\ufeff{}', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`, "{'a':1}", '{"a":1,}',
  ]) {
    it(`has no header or payload ${JSON.stringify(json.slice(0, 40))}`, () => {
      equal(read(`${base64url(json)}.${payload}.${signature}`), undefined);
      equal(read(`${header}.${base64url(json)}.${signature}`), undefined);
    });
  }

  it('has no part that is not UTF-8', () => {
    const bytes = Buffer.from('7b2261223a22ff227d', 'hex').toString('base64url');
    equal(read(`${bytes}.${payload}.${signature}`), undefined);
    equal(read(`${header}.${bytes}.${signature}`), undefined);
  });

  it('keeps a member __proto__ as a member', () => {
    const jws = read(`${base64url('{"__proto__":{"alg":"ES256"}}')}.${payload}.${signature}`);
    equal(jws?.header['alg'], undefined);
    deepEqual(Object.keys(jws?.header ?? {}), ['__proto__']);
  });

  it('is read in any order of members and with white space', () => {
    const text = ` {\n"kid":"d1", "typ":"JWT",\t"alg":"ES256"} `;
    deepEqual(read(`${base64url(text)}.${payload}.${signature}`)?.header, HEADER);
  });

  it('never makes the reader throw', () => {
    const part = fc.oneof(
      fc.string({ unit: 'binary' }), fc.constantFrom(header, payload, signature, '.', base64url('{"a":1,"a":2}')),
    );
    fc.assert(fc.property(fc.array(part), (parts) => {
      read(parts.join('.'));
      read(parts.join(''));
      readBearer(parts.join(' '));
    }));
  });
});

describe('the Authorization value (contracts/iothentix.md 5)', () => {
  for (const value of [good, `Bearer ${good}`, `bearer ${good}`, `BEARER ${good}`, `bEaReR ${good}`]) {
    it(`gives the token of ${value.slice(0, 10)}...`, () => equal(readBearer(value), good));
  }

  for (const value of [
    '', ' ', 'Bearer ', `Bearer  ${good}`, `Bearer\t${good}`, ` Bearer ${good}`, `Bearer ${good} `, ` ${good}`,
    `${good} `, `Bearer\n${good}`, `${good}\n`, `Basic ${good}`, `Bearer Bearer ${good}`,
    `Bearer ${good}, Bearer ${good}`, `"${good}"`, `Bearer=${good}`, `Token ${good}`, `\u212aearer ${good}`,
  ]) {
    it(`gives nothing for ${JSON.stringify(value.slice(0, 12))}...${JSON.stringify(value.slice(-2))}`, () => {
      equal(readBearer(value), undefined);
    });
  }

  it('takes the bare scheme word for a token that cannot be read', () => {
    equal(parseCompactJws(readBearer('Bearer') ?? ''), undefined);
  });
});
