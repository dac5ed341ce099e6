import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { Database } from '../../src/db/database.ts';
import { IdentityStore } from '../../src/db/identity.ts';
import { Unavailable } from '../../src/unavailable.ts';
import { connect, createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { startProxy } from './fixtures/postgres_proxy.ts';
import type { PostgresProxy } from './fixtures/postgres_proxy.ts';
import { changeOf, newAddress, newIdentity } from './fixtures/identities.ts';
import { ORIGIN, openDatabase, rowsOf, waitingBackends } from './fixtures/rotations.ts';

/** A call that writes: its statement, how it is made for a key, and what it resolves to. */
interface Write {
  readonly statement: string;
  /** What reads its outcome back. */
  readonly readBack: string;
  readonly action: string;
  readonly make: (pk: string) => Promise<unknown>;
  readonly done: unknown;
  /** What the identical call resolves to once the first one is done. */
  readonly again: unknown;
  readonly isKnown: boolean;
}

describe('a change of an identity key whose connection is lost', () => {
  let own: TestDatabase;
  let proxy: PostgresProxy;
  let database: Database;
  let store: IdentityStore;
  before(async () => {
    own = await createDatabase();
    proxy = await startProxy(own.url);
    database = await openDatabase(proxy.url);
    store = new IdentityStore(database);
  });
  after(async () => {
    await database[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });
  beforeEach(() => proxy.restore());

  const address = newAddress();
  const WRITES: Readonly<Record<string, Write>> = {
    registration: { statement: 'identity_register', readBack: 'identity_read', action: 'identity.registered', make: (pk) => store.register(newIdentity({ pk }), ORIGIN), done: true, again: false, isKnown: false },
    change: { statement: 'identity_change', readBack: 'identity_recorded', action: 'identity.bound', make: (pk) => store.change(changeOf(pk, { addresses: [address] }), ORIGIN), done: 'changed', again: 'changed', isKnown: true },
  };

  /** A store whose connection is lost when it commits. */
  const lost = (isCommitted: boolean): IdentityStore => new IdentityStore({
    run: database.run,
    async transaction(work) {
      if (isCommitted) await database.transaction(work);
      throw new Unavailable('the connection is lost');
    },
  });

  /** A key, registered or not, of which nothing has been asked yet. */
  const prepared = async (isKnown = true): Promise<string> => {
    const { pk } = newIdentity();
    await rowsOf(own.url, 'delete from identity_address');
    if (isKnown) await store.register(newIdentity({ pk }), ORIGIN);
    proxy.asked.length = 0;
    return pk;
  };
  const auditsOf = async (pk: string, action: string): Promise<number> => (await rowsOf(own.url, 'select from audit_event where identity = $1 and action = $2', [pk, action])).length;

  for (const [name, write] of Object.entries(WRITES)) {
    const { statement, readBack, action, make, done, again, isKnown } = write;

    it(`a ${name}, after the commit, is settled on a new connection`, async () => {
      const pk = await prepared(isKnown);
      proxy.cutNext(statement, 'reply');
      assert.deepEqual(await make(pk), done);
      assert.deepEqual(proxy.ran(), [statement, readBack]);
      assert.equal(await auditsOf(pk, action), 1);
      assert.deepEqual(await make(pk), again);
    });

    it(`a ${name}, before the server got it, has changed nothing, and the same again succeeds`, async () => {
      const pk = await prepared(isKnown);
      proxy.cutNext(statement, 'request');
      await assert.rejects(make(pk), Unavailable);
      assert.equal(await auditsOf(pk, action), 0);
      assert.deepEqual(await make(pk), done);
    });

    it(`a ${name}, whose statement goes on alone, is unknown; the same again settles it`, async () => {
      const pk = await prepared(isKnown);
      const lock = await connect(own.url);
      await lock.query('begin; lock table audit_event in share mode');
      proxy.cutNext(statement, 'running');
      await assert.rejects(make(pk), Unavailable);
      await lock.query('commit');
      await lock.end();
      const outcome = await make(pk);
      assert.ok([done, again].includes(outcome), String(outcome));
      assert.equal((await store.read(pk))?.state, 'REGISTERED');
    });

    it(`a ${name}, with the database away, is unavailable`, async () => {
      const pk = await prepared(isKnown);
      const lock = await connect(own.url);
      await lock.query('begin; lock table audit_event in share mode');
      const asked = assert.rejects(make(pk), Unavailable);
      await waitingBackends(own.url, 1);
      proxy.stop();
      await asked;
      await lock.query('commit');
      await lock.end();
    });
  }

  it('a registration is not settled by that of another call', async () => {
    const pk = await prepared();
    proxy.cutNext('identity_register', 'request');
    await assert.rejects(store.register(newIdentity({ pk }), ORIGIN), Unavailable);
  });

  it('a change is not settled by the record of another one', async () => {
    const pk = await prepared();
    assert.equal(await store.change(changeOf(pk), { ...ORIGIN, requestId: 'request-0' }), 'changed');
    proxy.cutNext('identity_change', 'request');
    await assert.rejects(store.change(changeOf(pk), ORIGIN), Unavailable);
    assert.equal(await store.change(changeOf(pk, { action: 'identity.updated' }), ORIGIN), 'changed');
    proxy.cutNext('identity_change', 'request');
    await assert.rejects(store.change(changeOf(pk), ORIGIN), Unavailable);
  });

  it('a revocation, before its commit, has changed nothing, and the same again succeeds', async () => {
    const pk = await prepared();
    await store.change(changeOf(pk, { addresses: [address] }), ORIGIN);
    for (const statement of ['identity_lock', 'identity_revoke']) {
      proxy.cutNext(statement, 'reply');
      await assert.rejects(store.revoke(pk, 'secret', ORIGIN), Unavailable);
      assert.equal((await store.read(pk))?.state, 'REGISTERED');
    }
    assert.equal(await store.revoke(pk, 'secret', ORIGIN), true);
    assert.equal(await store.revoke(pk, 'secret', ORIGIN), false);
    assert.equal(await auditsOf(pk, 'identity.revoked'), 1);
  });

  it('a revocation, in its commit, is settled by its record', async () => {
    const pk = await prepared();
    await assert.rejects(lost(false).revoke(pk, 'secret', ORIGIN), Unavailable);
    assert.equal((await store.read(pk))?.state, 'REGISTERED');
    assert.equal(await lost(true).revoke(pk, 'secret', ORIGIN), true);
    assert.equal((await store.read(pk))?.state, 'REVOKED');
  });
});
