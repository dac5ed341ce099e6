import { deepEqual, equal, match } from 'node:assert/strict';
import { createHash, createPublicKey } from 'node:crypto';
import * as fc from 'fast-check';
import { decoyKey, loadPublicKey, parsePem, parsePublicKey, toPem } from '../../src/crypto/public_key.ts';
import { ALL, KINDS, loaded, pairOf, spkiOf } from './keys.ts';

const BEGIN = '-----BEGIN PUBLIC KEY-----';
const END = '-----END PUBLIC KEY-----';
const spki = spkiOf(pairOf('P-256'));
const body = spki.toString('base64');
const pem = toPem(spki);

describe('PEM (contracts/iothentix.md 5.2 points 1 to 3)', () => {
  for (const [what, text] of [
    ['one line', `${BEGIN}${body}${END}`], ['many lines', pem], ['CR LF', pem.replaceAll('\n', '\r\n')],
    ['no final newline', pem.trimEnd()],
    ['white space around', ` \t\r\n\v\f${pem}\n \t`],
    ['white space anywhere inside', `${BEGIN} ${body.replaceAll(/./g, '$& \t\r\n\v\f')}\n${END}`],
  ] as const) {
    it(`reads ${what}`, () => deepEqual(parsePem(text), spki));
  }

  for (const [what, text] of [
    ['nothing', ''], ['no markers', body], ['no end', `${BEGIN}${body}`], ['no begin', `${body}${END}`],
    ['markers that overlap', '-----BEGIN PUBLIC KEY-----END PUBLIC KEY-----'],
    ['text before', `x${pem}`], ['text after', `${pem}x`], ['two keys', pem + pem],
    ['other words', pem.replaceAll('PUBLIC', 'RSA PUBLIC')],
    ['a private key', pem.replaceAll('PUBLIC', 'PRIVATE')], ['lower case', pem.replace('BEGIN', 'begin')],
    ['a space in a marker', pem.replace('BEGIN ', 'BEGIN  ')],
    ['a newline in a marker', pem.replace('BEGIN ', 'BEGIN\n')],
    ['no padding', `${BEGIN}${body.replaceAll('=', '')}${END}`], ['too much padding', `${BEGIN}${body}=${END}`],
    ['the URL-safe alphabet', `${BEGIN}-_${body.slice(2)}${END}`],
    ['unused bits', `${BEGIN}${body.slice(0, -3)}h==${END}`],
    ['a header line', `${BEGIN}\nComment: x\n\n${body}\n${END}`],
    ['a byte order mark', `\ufeff${pem}`], ['a space that is not ASCII', `\u00a0${pem}`],
    ['such a space inside', `${BEGIN}\u2028${body}${END}`],
    ['more than 8192 characters', `${pem}${' '.repeat(8192)}`],
  ] as const) {
    it(`refuses ${what}`, () => equal(parsePem(text), undefined));
  }

  it('takes an empty body for empty DER, which does not load', () => {
    deepEqual(parsePem(BEGIN + END), Buffer.alloc(0));
    equal(parsePublicKey(BEGIN + END, ALL), undefined);
  });

  it('never throws', () => {
    const part = fc.oneof(
      fc.string({ unit: 'binary' }), fc.constantFrom(BEGIN, END, body, '\n', '{', '}', '"kty":"EC"'),
    );
    fc.assert(fc.property(fc.array(part), (parts) => void parsePublicKey(parts.join(''), ALL)));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 1100 }), (bytes) => void loadPublicKey(Buffer.from(bytes), ALL)));
  });
});

describe('public keys', () => {
  for (const kind of KINDS) {
    it(`loads ${kind}, with its thumbprint, and writes it as PEM that OpenSSL reads`, () => {
      const der = spkiOf(pairOf(kind));
      const key = loadPublicKey(der, ALL);
      equal(key?.kind, kind);
      deepEqual(key?.spki, der);
      equal(key?.thumbprint, createHash('sha256').update(der).digest('hex'));
      match(key?.thumbprint ?? '', /^[0-9a-f]{64}$/);
      const text = toPem(der);
      deepEqual(createPublicKey(text).export({ type: 'spki', format: 'pem' }), text);
      equal(parsePublicKey(text, ALL)?.thumbprint, key?.thumbprint);
    });

    it(`refuses ${kind} unless an enabled algorithm uses it`, () => {
      const der = spkiOf(pairOf(kind));
      const fitting = {
        'P-256': ['ES256'], 'P-384': ['ES384'], Ed25519: ['EdDSA', 'Ed25519'], RSA: ['RS256', 'PS256'],
      }[kind];
      for (const alg of ALL) equal(loadPublicKey(der, new Set([alg])) !== undefined, fitting.includes(alg));
      equal(loadPublicKey(der, new Set()), undefined);
    });

    it(`refuses every ${kind} encoding with a byte more, less or changed outside the key itself`, () => {
      const der = spkiOf(pairOf(kind));
      equal(loadPublicKey(der.subarray(0, -1), ALL), undefined);
      equal(loadPublicKey(der.subarray(1), ALL), undefined);
      equal(loadPublicKey(Buffer.concat([der, Buffer.alloc(1)]), ALL), undefined);
      const prefix = { 'P-256': 27, 'P-384': 24, Ed25519: 12, RSA: 32 }[kind];
      for (let at = 0; at < prefix; at += 1) {
        for (const flip of [0x01, 0x80, 0xff]) {
          const changed = Buffer.from(der);
          changed.writeUInt8(changed.readUInt8(at) ^ flip, at);
          equal(loadPublicKey(changed, ALL), undefined, `byte ${at}`);
        }
      }
    });

    it(`has a ${kind} decoy that stays the same`, () => {
      const decoy = decoyKey(kind);
      equal(decoy.kind, kind);
      equal(decoyKey(kind).thumbprint, decoy.thumbprint);
      equal(loadPublicKey(decoy.spki, ALL)?.thumbprint, decoy.thumbprint);
    });
  }

  it('does not keep the buffer it was given', () => {
    const der = spkiOf(pairOf('Ed25519'));
    const key = loadPublicKey(der, ALL);
    const copy = Buffer.from(der);
    der.fill(0);
    deepEqual(key?.spki, copy);
  });

  it('tells two keys apart', () => {
    equal(new Set(KINDS.flatMap((kind) => [decoyKey(kind).thumbprint, loaded(pairOf(kind)).thumbprint])).size, 8);
  });
});
