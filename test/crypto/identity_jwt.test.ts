import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { readIdentityJwt } from '../../src/crypto/identity_jwt.ts';

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const JWT = `${encode({ alg: 'Ed25519' })}.${encode({ sub: 'x' })}.c2ln`;
const MOST = 16_384;

const padded = (length: number): string => {
  const [header, , signature] = JWT.split('.');
  const room = length - (header?.length ?? 0) - (signature?.length ?? 0) - 2;
  const pad = Math.floor((room * 3) / 4) - JSON.stringify({ sub: '' }).length;
  return `${header}.${encode({ sub: 'x'.repeat(pad) })}.${signature}`;
};

describe('a JWT of identity binding', () => {
  it('is read without the white space around it', () => {
    for (const text of [JWT, ` ${JWT}`, `${JWT}\n`, `\r\n\t ${JWT} \t\r\n`, ' '.repeat(MOST) + JWT + '\n'.repeat(MOST)]) assert.equal(readIdentityJwt(text)?.compact, JWT);
  });

  it('is read with an empty signature, which verifies never', () => {
    assert.equal(readIdentityJwt(JWT.replace(/[^.]*$/, ''))?.signature.length, 0);
  });

  it('is none with white space within, or of another kind around it', () => {
    for (const text of ['', ' ', '\n\n', `${JWT} x`, JWT.replace('.', ' .'), `\u00a0${JWT}`, `\ufeff${JWT}`, `${JWT}\u2028`, `${JWT}\0`, `${JWT}\v`, `a${' '.repeat(MOST - 2)}a`]) assert.equal(readIdentityJwt(text), undefined, JSON.stringify(text));
  });

  it('has at most 16 KiB', () => {
    assert.equal(padded(MOST).length <= MOST && readIdentityJwt(padded(MOST)) !== undefined, true);
    assert.equal(readIdentityJwt(padded(MOST + 8)), undefined);
  });
});
