import { equal, ok } from 'node:assert/strict';
import type { JsonWebKey } from 'node:crypto';
import * as fc from 'fast-check';
import { parsePublicKey } from '../../src/crypto/public_key.ts';
import { ALL, KINDS, pairOf, loaded } from './keys.ts';

const pairs = {
  'P-256': pairOf('P-256'), 'P-384': pairOf('P-384'), Ed25519: pairOf('Ed25519'), RSA: pairOf('RSA'),
} as const;

function refuses(jwk: object | string): void {
  equal(parsePublicKey(typeof jwk === 'string' ? jwk : JSON.stringify(jwk), ALL), undefined);
}

/** The same bytes with one zero byte before them. */
function padded(text = ''): string {
  return Buffer.concat([Buffer.alloc(1), Buffer.from(text, 'base64url')]).toString('base64url');
}

describe('JWK', () => {
  for (const kind of KINDS) {
    const pair = pairs[kind];
    const jwk: JsonWebKey = pair.publicKey.export({ format: 'jwk' });
    const numbers = { 'P-256': ['x', 'y'], 'P-384': ['x', 'y'], Ed25519: ['x'], RSA: ['n', 'e'] }[kind];

    it(`reads ${kind}`, () => {
      equal(parsePublicKey(JSON.stringify(jwk), ALL)?.thumbprint, loaded(pair).thumbprint);
      const text = ` \n${JSON.stringify({ ...jwk, kid: 'x', use: 'sig', key_ops: ['verify'] }, undefined, 2)}\n`;
      equal(parsePublicKey(text, ALL)?.thumbprint, loaded(pair).thumbprint);
    });

    it(`refuses ${kind} unless it is enabled`, () => equal(parsePublicKey(JSON.stringify(jwk), new Set()), undefined));

    it(`refuses a private ${kind} key and single private members`, () => {
      refuses(pair.privateKey.export({ format: 'jwk' }));
      for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']) {
        refuses({ ...jwk, [name]: 'AQ' });
        refuses({ ...jwk, [name]: null });
      }
    });

    it(`refuses ${kind} numbers that are missing, of another type, length or spelling`, () => {
      for (const name of numbers) {
        const text = jwk[name];
        ok(typeof text === 'string');
        const bytes = Buffer.from(text, 'base64url');
        for (const bad of [
          undefined, null, 7, [text], '', padded(text), bytes.subarray(1).toString('base64url'), `${text}=`,
          `${text}==`, ` ${text}`, `${text.slice(0, -1)}*`, `${text}A`,
        ]) {
          refuses({ ...jwk, [name]: bad });
        }
      }
    });

    it(`refuses ${kind} for another use`, () => {
      for (const bad of [
        { use: 'enc' }, { use: null }, { key_ops: ['sign'] }, { key_ops: 'verify' }, { key_ops: [] },
        { alg: 'none' }, { alg: 'HS256' }, { alg: 'toString' }, { alg: 1 },
      ]) {
        refuses({ ...jwk, ...bad });
      }
    });

    it(`takes an alg for ${kind} only if it fits`, () => {
      const fitting = {
        'P-256': ['ES256'], 'P-384': ['ES384'], Ed25519: ['EdDSA', 'Ed25519'], RSA: ['RS256', 'PS256'],
      }[kind];
      for (const alg of ALL) {
        equal(parsePublicKey(JSON.stringify({ ...jwk, alg }), ALL) !== undefined, fitting.includes(alg));
      }
    });

    it(`refuses ${kind} under another name`, () => {
      for (const bad of [
        { kty: 'oct' }, { kty: `${kind} ` }, { kty: kind.toLowerCase() }, { kty: undefined }, { kty: ['EC'] },
      ]) {
        refuses({ ...jwk, ...bad });
      }
      if (kind !== 'RSA') {
        for (const crv of ['P-521', 'secp256k1', 'X25519', 'Ed448', 'p-256', undefined, 1]) refuses({ ...jwk, crv });
      }
    });
  }

  it('refuses points off the curve and other exponents', () => {
    const ec = pairs['P-256'].publicKey.export({ format: 'jwk' });
    refuses({ ...ec, y: ec.x });
    refuses({ kty: 'OKP', crv: 'Ed25519', x: Buffer.alloc(32).toString('base64url') });
    refuses({ ...pairs.RSA.publicKey.export({ format: 'jwk' }), e: 'Aw' });
  });

  it('refuses JSON that is not one strict object', () => {
    const text = JSON.stringify(loaded(pairOf('Ed25519')).key.export({ format: 'jwk' }));
    ok(parsePublicKey(text, ALL));
    for (const bad of [
      `[${text}]`, `${text}x`, `${text}${text}`, text.replace('{', '{"kty":"EC",'), text.slice(0, -1),
      `\ufeff${text}`, JSON.stringify(text), `{"jwk":${text}}`, `\v${text}`,
    ]) {
      refuses(bad);
    }
    refuses(text + ' '.repeat(8192));
  });

  it('never throws', () => {
    const member = fc.oneof(
      fc.string(), fc.constantFrom('EC', 'OKP', 'RSA', 'P-256', 'P-384', 'Ed25519', 'AQAB'), fc.jsonValue(),
    );
    fc.assert(fc.property(fc.record(
      { kty: member, crv: member, x: member, y: member, n: member, e: member }, { requiredKeys: [] },
    ), (jwk) => void parsePublicKey(JSON.stringify(jwk), ALL)));
  });
});
