import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { describe, it } from 'mocha';
import { hashPassword, verifyPassword } from '../../src/crypto/password.ts';
import { parsePasswordText, passwordText } from '../../src/crypto/password_text.ts';

/** Made by Python's hashlib.scrypt, with the bytes 0 to 15 as salt. */
const BY_PYTHON: readonly (readonly [password: string, text: string])[] = [
  ['correct horse battery staple', '$scrypt$ln=15,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$eo40JB24mNWRdcaWU4xBdGepdf/laQaEJfFhiNMVnFg'],
  ['pass word ä', '$scrypt$ln=10,r=8,p=4$AAECAwQFBgcICQoLDA0ODw$zSYPExReJnsWwE5JFS2/Mkt09UTFucK8g6Hs2+/Jq4g'],
  ['p', '$scrypt$ln=14,r=16,p=1$AAECAwQFBgcICQoLDA0ODw$9rCFTsfZYYDgLj1yw2vD/X4kZiH0L8J9XuQzSZwRe54'],
];
const [, SOUND = ''] = BY_PYTHON[0] ?? [];

describe('a stored password as text', () => {
  for (const [password, text] of BY_PYTHON) {
    it(`is read as others write it: ${text.slice(0, 23)}`, async () => {
      const stored = parsePasswordText(text);
      assert.ok(stored);
      assert.equal(await verifyPassword(password, stored), true);
      assert.equal(await verifyPassword(`${password}x`, stored), false);
      assert.equal(passwordText(stored), text);
    });
  }

  it('is written so that others can read it', async () => {
    const stored = await hashPassword('pass word ä');
    const text = passwordText(stored);
    const [, ln, r, p, salt = '', key = ''] = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([^$=]{22})\$([^$=]{43})$/.exec(text) ?? [];
    assert.deepEqual([ln, r, p], ['15', '8', '1']);
    const made = scryptSync('pass word ä', Buffer.from(salt, 'base64'), 32, { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 });
    assert.equal(made.toString('base64'), `${key}=`);
    assert.deepEqual(parsePasswordText(text), stored);
    assert.notEqual(passwordText(await hashPassword('pass word ä')), text);
  });

  it('takes what costs at most 32 MiB and four rounds', () => {
    for (const cost of ['ln=10,r=1,p=1', 'ln=15,r=8,p=4', 'ln=10,r=99,p=1', 'ln=17,r=2,p=1', 'ln=16,r=4,p=1']) {
      assert.ok(parsePasswordText(SOUND.replace('ln=15,r=8,p=1', cost)), cost);
    }
    for (const cost of ['ln=9,r=8,p=1', 'ln=0,r=8,p=1', 'ln=15,r=9,p=1', 'ln=16,r=8,p=1', 'ln=18,r=1,p=1', 'ln=99,r=1,p=1', 'ln=15,r=0,p=1', 'ln=15,r=8,p=0', 'ln=15,r=8,p=5', 'ln=15,r=8,p=10']) {
      assert.equal(parsePasswordText(SOUND.replace('ln=15,r=8,p=1', cost)), undefined, cost);
    }
  });

  it('is nothing else', () => {
    const [, , , salt = '', key = ''] = SOUND.split('$');
    const others = [
      '', 'x', '$', SOUND.slice(1), ` ${SOUND}`, `${SOUND} `, `${SOUND}\n`, `${SOUND}$`, `${SOUND}=`, SOUND.slice(0, -1), `${SOUND}A`,
      SOUND.replace('scrypt', 'SCRYPT'), SOUND.replace('scrypt', 'argon2id'), SOUND.replace('ln=15', 'n=32768'), SOUND.replace('ln=15,r=8,p=1', 'r=8,ln=15,p=1'),
      SOUND.replace('ln=15', 'ln=015'), SOUND.replace('r=8', 'r=08'), SOUND.replace('r=8', 'r=+8'), SOUND.replace('p=1', 'p=1,x=1'), SOUND.replace('ln=15,', ''),
      SOUND.replace(`$${salt}`, ''), SOUND.replace(salt, `${salt}==`), SOUND.replace(salt, salt.slice(1)), SOUND.replace(salt, salt.replace('AA', '-_')),
      // Unused bits that are not zero.
      SOUND.replace(salt, `${salt.slice(0, -1)}x`), SOUND.replace(key, `${key.slice(0, -1)}h`),
      '$2b$10$AAECAwQFBgcICQoLDA0ODwAAECAwQFBgcICQoLDA0ODwAAECAwQFB',
    ];
    for (const text of others) assert.equal(parsePasswordText(text), undefined, text);
  });
});
