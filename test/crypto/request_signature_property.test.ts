import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import { parseRequestSignature, verifyRequestSignature } from '../../src/crypto/request_signature.ts';
import { encode, queryText, sign } from '../support/signer.ts';
import type { Credentials, Signable } from '../support/signer.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((value) => value.isWellFormed());
const header = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/).filter((value) => value !== 'x-sdk-date');
const credentials: fc.Arbitrary<Credentials> = fc.record({ accessKey: fc.stringMatching(/^[A-Z0-9]{20}$/), secretKey: fc.stringMatching(/^[A-Za-z0-9]{40}$/) });

const request: fc.Arbitrary<Signable> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
  path: fc.array(text, { minLength: 1, maxLength: 4 }).map((segments) => `/${segments.map(encode).join('/')}`),
  query: fc.array(fc.tuple(text, text), { maxLength: 4 }),
  headers: fc.uniqueArray(fc.tuple(name, header), { selector: ([each]) => each, maxLength: 4 }),
  body: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  date: fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }),
  scope: fc.option(fc.record({ region: fc.stringMatching(/^[a-z0-9-]{1,12}$/), service: fc.stringMatching(/^[a-z]{1,8}$/) }), { nil: undefined }),
});

/** How a client may write what it means: some characters escaped that need not be, either case of hex, a plus for a space. */
const writing = fc.infiniteStream(fc.boolean());

function rewrite(encoded: string, bits: Iterator<boolean>, isQuery: boolean): string {
  return encoded.replaceAll(/%20|%[0-9A-F]{2}|[A-Za-z]/g, (token) => {
    if (bits.next().value !== true) return token;
    if (token === '%20' && isQuery) return '+';
    return token.startsWith('%') ? token.toLowerCase() : `%${token.charCodeAt(0).toString(16)}`;
  });
}

interface Sent {
  readonly method: string;
  readonly target: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

function verify({ method, target, headers, body }: Sent, authorization: string, secretKey: string): boolean {
  const signature = parseRequestSignature(authorization) ?? assert.fail(authorization);
  return verifyRequestSignature({ method, target, body, header: (wanted) => headers.get(wanted) }, signature, Buffer.from(secretKey));
}

function send(own: Credentials, signable: Signable, bits: Iterator<boolean>): { sent: Sent; authorization: string } {
  const { Authorization: authorization, 'X-Sdk-Date': date } = sign(own, signable);
  const { method, path, query = [], headers, body } = signable;
  const rawQuery = query.toSorted(() => (bits.next().value === true ? 1 : -1)).map((pair) => queryText([pair])).join('&');
  const target = rewrite(path, bits, false) + (query.length === 0 ? '' : `?${rewrite(rawQuery, bits, true)}`);
  return { sent: { method, target, headers: new Map([...headers, ['x-sdk-date', date]]), body: Buffer.from(body ?? '') }, authorization };
}

describe('request signatures, whatever the request', () => {
  it('verify as the signer of the tests makes them, however the target is written', () => {
    fc.assert(
      fc.property(credentials, request, writing, (own, signable, bits) => {
        const { sent, authorization } = send(own, signable, bits);
        assert.ok(verify(sent, authorization, own.secretKey), JSON.stringify({ sent, authorization }));
      }),
      { numRuns: 500 },
    );
  });

  it('do not verify once anything is another', () => {
    const change = fc.constantFrom<(sent: Sent) => Sent>(
      (sent) => ({ ...sent, method: 'PATCH' }),
      (sent) => ({ ...sent, target: sent.target.replace('/', '/x') }),
      (sent) => ({ ...sent, target: `${sent.target}${sent.target.includes('?') ? '&' : '?'}new=1` }),
      (sent) => ({ ...sent, body: Buffer.concat([sent.body, Buffer.of(0)]) }),
      (sent) => ({ ...sent, headers: new Map([...sent.headers].map(([each, value]) => [each, `${value}x`])) }),
      (sent) => ({ ...sent, headers: new Map([...sent.headers].slice(1)) }),
    );
    fc.assert(
      fc.property(credentials, request, change, (own, signable, alter) => {
        const { sent, authorization } = send(own, signable, [][Symbol.iterator]());
        assert.ok(!verify(alter(sent), authorization, own.secretKey));
        assert.ok(!verify(sent, authorization, `${own.secretKey}x`));
      }),
      { numRuns: 300 },
    );
  });

  it('never throw, whatever the target', () => {
    const target = fc.string({ unit: fc.constantFrom('%', '/', '?', '&', '=', '+', '2', 'f', 'G', ';', '#', '\u00ff'), maxLength: 40 });
    fc.assert(
      fc.property(target, credentials, (raw, own) => {
        const { Authorization } = sign(own, { method: 'GET', path: '/never', headers: [], date: new Date(0) });
        verify({ method: 'GET', target: raw, headers: new Map([['x-sdk-date', 'x']]), body: Buffer.alloc(0) }, Authorization, own.secretKey);
      }),
      { numRuns: 500 },
    );
  });
});
