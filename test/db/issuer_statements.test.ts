import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Database } from '../../src/db/database.ts';
import { IssuerStore } from '../../src/db/issuer.ts';
import { ServiceKeyStore } from '../../src/db/service_key.ts';
import { TrustedIssuerStore } from '../../src/db/trusted_issuer.ts';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { assertIndexed } from './fixtures/plans.ts';
import { startProxy } from './fixtures/postgres_proxy.ts';
import type { PostgresProxy } from './fixtures/postgres_proxy.ts';
import { ORIGIN, openDatabase } from './fixtures/rotations.ts';

const KEY = { publicKey: 'A'.repeat(43), keyId: 'k', box: Buffer.alloc(40) };
const NEXT = { ...KEY, publicKey: 'B'.repeat(43) };

describe('statements of issuers', () => {
  let own: TestDatabase;
  let proxy: PostgresProxy;
  let database: Database;
  before(async () => {
    own = await createDatabase();
    proxy = await startProxy(own.url);
    database = await openDatabase(proxy.url, 2);
  });
  after(async () => {
    await database[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });
  const issuers = (): IssuerStore => new IssuerStore(database.run);
  const trusted = (): TrustedIssuerStore => new TrustedIssuerStore(database.run);

  /** The list of all keys and of all trusted issuers reads them all, and is not here. */
  const CALLS: readonly (readonly [name: string, work: () => Promise<unknown>])[] = [
    ['issuer_rotate', async () => {
      await issuers().ensure('main', KEY, ORIGIN.at);
      proxy.asked.length = 0;
      await issuers().rotate('main', NEXT, ORIGIN);
    }],
    ['issuer_key_revoke', () => issuers().revoke(KEY.publicKey, ORIGIN)],
    ['trusted_issuer_create', () => trusted().create('iss', KEY.publicKey, ORIGIN)],
    ['trusted_issuer_keys', () => trusted().keys({ outside: 'iss', isOwn: false, given: [KEY.publicKey] })],
    ['trusted_issuer_remove', () => trusted().remove('iss', KEY.publicKey, ORIGIN)],
    ['service_key_read', () => new ServiceKeyStore(database.run).read('address_hash')],
  ];

  for (const [name, work] of CALLS) {
    it(`${name}: prepared, one round trip, by an index`, async () => {
      proxy.asked.length = 0;
      await work();
      const parsed = proxy.asked.filter(({ kind }) => kind === 'parse');
      assert.deepEqual(parsed.map((asked) => asked.name), [name]);
      assert.deepEqual(proxy.asked.filter(({ kind }) => kind === 'bind').map((asked) => asked.name), [name]);
      await assertIndexed(own.url, parsed[0]?.text ?? '', true);
    });
  }
});
