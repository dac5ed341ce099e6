import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Database } from '../../src/db/database.ts';
import { IssuerStore } from '../../src/db/issuer.ts';
import { TrustedIssuerStore } from '../../src/db/trusted_issuer.ts';
import { Trust, testIssuerOf } from '../../src/services/issuers/trust.ts';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { ORIGIN, openDatabase } from '../db/fixtures/rotations.ts';

const OWN = 'https://keyturn.example';
const FORMER = 'https://former.example';
const BOTH = 'https://both.example';

const keyNamed = (letter: string): string => letter.repeat(43);
const stored = (letter: string) => ({ publicKey: keyNamed(letter), keyId: 'k', box: Buffer.alloc(40) });

describe('whose JWTs count', () => {
  let own: TestDatabase;
  let database: Database;
  let issuers: IssuerStore;
  let trusted: TrustedIssuerStore;
  let trust: Trust;
  before(async () => {
    own = await createDatabase();
    database = await openDatabase(own.url, 2);
    issuers = new IssuerStore(database.run);
    trusted = new TrustedIssuerStore(database.run);
    trust = new Trust(trusted, () => OWN, [{ issuer: BOTH, publicKey: keyNamed('S') }, { issuer: BOTH, publicKey: keyNamed('T') }, { issuer: OWN, publicKey: keyNamed('U') }]);
    await issuers.ensure('main', stored('A'), ORIGIN.at);
    await issuers.ensure('test', stored('X'), ORIGIN.at);
    for (const letter of ['B', 'C']) await issuers.rotate('main', stored(letter), ORIGIN);
  });
  after(async () => {
    await database[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });
  const letters = async (iss: string): Promise<string> => (await trust.keysOf(iss)).map((key) => key[0]).toSorted((a = '', b = '') => (a < b ? -1 : 1)).join('');

  it('those of Keyturn itself by all its keys, retired ones too, and by no key that the settings name besides', async () => {
    assert.equal(await letters(OWN), 'ABC');
  });

  it('those of an issuer outside by the keys of the settings and of the operator', async () => {
    assert.equal(await letters(BOTH), 'ST');
    await trusted.create(BOTH, keyNamed('V'), ORIGIN);
    await trusted.create('https://another.example', keyNamed('W'), ORIGIN);
    assert.equal(await letters(BOTH), 'STV');
    await trusted.remove(BOTH, keyNamed('V'), ORIGIN);
    assert.equal(await letters(BOTH), 'ST');
  });

  it('those of the test issuer never, even where it is in the table', async () => {
    await trusted.create(testIssuerOf(OWN), keyNamed('X'), ORIGIN);
    assert.equal(await letters(testIssuerOf(OWN)), '');
  });

  it('those of nobody else', async () => {
    for (const iss of ['', 'x', `${OWN}/`, OWN.toUpperCase(), `${BOTH}\0`, '\0', 'x'.repeat(16_000), '\ud800', "' or 1 = 1 --"]) assert.equal(await letters(iss), '', JSON.stringify(iss).slice(0, 40));
  });

  it('no key of Keyturn that was revoked, whoever trusts it besides', async () => {
    await trusted.create(FORMER, keyNamed('A'), ORIGIN);
    await trusted.create(FORMER, keyNamed('B'), ORIGIN);
    assert.equal(await letters(FORMER), 'AB');
    await issuers.revoke(keyNamed('A'), ORIGIN);
    assert.deepEqual([await letters(OWN), await letters(FORMER)], ['BC', 'B']);
  });
});
