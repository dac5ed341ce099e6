import { deepEqual, equal, ok } from 'node:assert/strict';
import { sign } from 'node:crypto';
import * as fc from 'fast-check';
import { parseEcdsaDer } from '../../src/crypto/ecdsa_der.ts';
import { bytesOf, ecPair, ecdsaDer, integer, numberOf, tlv } from './keys.ts';

const CURVES = {
  'P-256': { size: 32, order: 2n ** 256n - 2n ** 224n + 2n ** 192n - 0x4319055258e8617b0c46353d039cdaafn },
  'P-384': { size: 48, order: 2n ** 384n - 0x389cb27e0bc8d220a7e5f24db74f58851313e695333ad68dn },
} as const;

describe('ECDSA signatures in DER', () => {
  for (const [name, { size, order }] of Object.entries(CURVES)) {
    const curve = name === 'P-256' ? 'P-256' : 'P-384';
    const field = (value: bigint): Buffer => bytesOf(value.toString(16).padStart(size * 2, '0'));

    describe(curve, () => {
      it('reads the whole range of r and s', () => {
        for (const r of [1n, 0x7fn, 0x80n, 0xffn, 0x100n, order - 1n]) {
          for (const s of [1n, 0x80n, order / 2n + 1n, order - 1n]) {
            deepEqual(parseEcdsaDer(ecdsaDer(r, s), curve), { r: field(r), s: field(s) });
          }
        }
      });

      it('refuses r or s that are out of range', () => {
        for (const bad of [0n, order, order + 1n, 2n ** BigInt(size * 8) - 1n, 2n ** BigInt(size * 8)]) {
          equal(parseEcdsaDer(ecdsaDer(bad, 1n), curve), undefined);
          equal(parseEcdsaDer(ecdsaDer(1n, bad), curve), undefined);
        }
        equal(parseEcdsaDer(bytesOf('3006 0201ff 020101'), curve), undefined);
        equal(parseEcdsaDer(bytesOf('3007 0202ff7f 020101'), curve), undefined);
      });

      it('reads the signatures that node:crypto makes, and no other form of them', () => {
        const { privateKey } = ecPair(curve);
        for (let i = 0; i < 50; i += 1) {
          const der = sign('sha256', Buffer.from([i]), privateKey);
          const parts = parseEcdsaDer(der, curve);
          ok(parts);
          deepEqual(ecdsaDer(numberOf(parts.r), numberOf(parts.s)), der);
          equal(parseEcdsaDer(Buffer.concat([parts.r, parts.s]), curve), undefined);
        }
      });

      it('accepts a changed signature only if it is the one encoding of numbers in range', () => {
        const { privateKey } = ecPair(curve);
        const edit = fc.record({ place: fc.nat(), cut: fc.nat(2), patch: fc.uint8Array({ maxLength: 2 }) });
        const value = fc.bigInt({ min: 0n, max: order + 1n });
        const start = fc.oneof(
          fc.uint8Array().map((message) => sign('sha256', message, privateKey)),
          fc.tuple(value, value).map(([r, s]) => ecdsaDer(r, s)),
          fc.tuple(fc.nat(300), fc.nat(300)).map(([r, s]) => ecdsaDer(BigInt(r), BigInt(s))),
        );
        fc.assert(fc.property(start, fc.array(edit, { maxLength: 2 }), (signature, edits) => {
          let bytes = signature;
          for (const { place, cut, patch } of edits) {
            const at = place % (bytes.length + 1);
            bytes = Buffer.concat([bytes.subarray(0, at), patch, bytes.subarray(at + cut)]);
          }
          equal(parseEcdsaDer(bytes, curve) !== undefined, isCanonical(bytes, order));
        }), { numRuns: 3000 });
      });
    });
  }

  for (const [what, hex] of [
    ['nothing', ''], ['one byte', '30'], ['an empty SEQUENCE', '3000'], ['one INTEGER', '3003 020101'],
    ['three INTEGERs', '3009 020101 020101 020101'],
    ['a trailing byte', '3006 020101 020101 00'], ['a trailing byte inside', '3007 020101 020101 00'],
    ['a short SEQUENCE', '3005 020101 020101'],
    ['a long SEQUENCE', '3007 020101 020101'], ['a length in the long form', '308106 020101 020101'],
    ['a length of two bytes', '30820006 020101 020101'],
    ['an indefinite length', '3080 020101 020101 0000'], ['an INTEGER length in the long form', '3007 02810101 020101'],
    ['an empty INTEGER', '3005 0200 020101'], ['a padded r', '3007 02020001 020101'],
    ['a padded s', '3007 020101 0202007f'],
    ['a padded negative', '3007 0202ff80 020101'], ['zero', '3006 020100 020101'],
    ['a negative s', '3006 020101 020180'],
    ['another outer tag', '3106 020101 020101'], ['another inner tag', '3006 030101 020101'],
    ['an INTEGER beyond the end', '3006 020101 027f01'],
    ['a SEQUENCE of 128 bytes', `308180 0201 01 027b ${'01'.repeat(123)}`],
    ['leading white space', '20 3006 020101 020101'],
  ] as const) {
    it(`refuses ${what}`, () => {
      equal(parseEcdsaDer(bytesOf(hex), 'P-256'), undefined);
      equal(parseEcdsaDer(bytesOf(hex), 'P-384'), undefined);
    });
  }

  it('refuses a P-384 number under P-256', () => {
    const der = ecdsaDer(2n ** 300n, 1n);
    ok(parseEcdsaDer(der, 'P-384'));
    equal(parseEcdsaDer(der, 'P-256'), undefined);
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void parseEcdsaDer(Buffer.from(bytes), 'P-256')));
    fc.assert(fc.property(fc.uint8Array(), (body) => void parseEcdsaDer(
      tlv(0x30, integer(1n), Buffer.from(body)), 'P-384',
    )));
  });
});

/** A lenient reader and an encoder decide: encoding what was read must give the same bytes. */
function isCanonical(bytes: Buffer, order: bigint): boolean {
  const rLength = bytes[3] ?? 0;
  const r = bytes.subarray(4, 4 + rLength);
  const s = bytes.subarray(6 + rLength);
  if (r.length === 0 || s.length === 0) return false;
  const [rValue, sValue] = [numberOf(r), numberOf(s)];
  return rValue >= 1n && rValue < order && sValue >= 1n && sValue < order && ecdsaDer(rValue, sValue).equals(bytes);
}
