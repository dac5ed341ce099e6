import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Run, Statement } from '../../src/db/database.ts';
import { IdentityStore } from '../../src/db/identity.ts';
import { Unavailable } from '../../src/unavailable.ts';
import { connect } from '../support/postgres.ts';
import { withAskedDatabase } from './fixtures/asked_database.ts';
import { changeOf, newAddress, newIdentity } from './fixtures/identities.ts';
import { assertIndexed } from './fixtures/plans.ts';
import { ORIGIN, rowsOf, waitingBackends } from './fixtures/rotations.ts';

const HUSH = 'hush-0123456789';

describe('statements on identity keys', () => {
  const own = withAskedDatabase(4);
  const { asked } = own;

  const store = new IdentityStore(own);
  const known = newIdentity({ pk: HUSH, claimedPk: HUSH, devtoken: { keyId: HUSH, box: Buffer.from(HUSH) }, iat: 5 });

  const WORK: readonly (readonly [name: string, statements: readonly string[], work: () => Promise<unknown>])[] = [
    ['a new key', ['identity_register'], () => store.register(known, ORIGIN)],
    ['the checks of a call', ['identity_read'], () => store.read(HUSH)],
    ['what the operator sees', ['identity_show'], () => store.show(HUSH)],
    ['a change', ['identity_change'], () => store.change(changeOf(HUSH, { ...known, replaces: true, addresses: [newAddress(), newAddress('phone')] }), ORIGIN)],
    ['a revocation, with the lock that comes before it', ['identity_lock', 'identity_revoke'], () => store.revoke(HUSH, 'operator', ORIGIN)],
    ['a key that is revoked already', ['identity_lock'], () => store.revoke(HUSH, 'operator', ORIGIN)],
  ];
  for (const [name, statements, work] of WORK) {
    it(`read each table by an index, and hold no value, for ${name}`, async () => {
      asked.length = 0;
      await work();
      assert.deepEqual(asked.map((statement) => statement.name), statements);
      for (const { text } of asked) {
        assert.ok(!text.includes(HUSH));
        // An insert of values reads nothing.
        if (!/insert into identity \(/.test(text)) await assertIndexed(own.url, text, true);
      }
    });
  }

  it('read the audit trail of a key by its index, when a connection was lost', async () => {
    const [{ text } = assert.fail()] = await recorded();
    await assertIndexed(own.url, text, true);
  });

  it('write nothing for a key that is not registered, or whose iat is newer', async () => {
    const [missing, late] = [newIdentity(), newIdentity({ iat: 100 })];
    await store.register(late, ORIGIN);
    const rows = [changeOf(missing.pk), changeOf(HUSH), changeOf(late.pk, { iat: 99 }), changeOf(late.pk)];
    for (const change of rows) assert.equal(await store.change({ ...change, addresses: [newAddress()] }, ORIGIN), 'overtaken');
    const pks = rows.map(({ pk }) => pk);
    assert.deepEqual(await rowsOf(own.url, 'select pk from identity_address where pk = any($1)', [pks]), []);
    assert.deepEqual(await rowsOf(own.url, "select identity from audit_event where identity = any($1) and action = 'identity.bound' and identity <> $2", [pks, HUSH]), []);
    assert.equal(await store.change(changeOf(late.pk, { iat: 99, guarded: false }), ORIGIN), 'changed');
    assert.equal((await store.read(late.pk))?.lastIat, 100, 'the last iat never becomes older');
  });

  it('let no job come between the jobs that a revocation deletes and their messages', async () => {
    const { pk } = newIdentity();
    await store.register(newIdentity({ pk }), ORIGIN);
    await addJob(own.url, pk);
    const other = await connect(own.url);
    await other.query('begin');
    await other.query('delete from identity_job where pk = $1', [pk]);
    const revoked = store.revoke(pk, 'secret', ORIGIN);
    await waitingBackends(own.url, 1);
    // Whoever waits for a job holds none of its messages: else this would be a deadlock.
    assert.equal((await other.query('delete from message where pk = $1', [pk])).rowCount, 1);
    await other.query('commit');
    await other.end();
    assert.equal(await revoked, true);
  });

  it('come again where two keys that exchange their addresses wait for each other', async () => {
    const [one, two, three] = [newIdentity(), newIdentity(), newIdentity()];
    const [first, second, third] = [newAddress(), newAddress(), newAddress()];
    for (const [{ pk }, address] of [[one, first], [two, second], [three, third]] as const) {
      await store.register(newIdentity({ pk }), ORIGIN);
      await store.change(changeOf(pk, { addresses: [address] }), ORIGIN);
    }
    const move = (to: Buffer, { pk }: { readonly pk: string }): Promise<unknown> => other.query('update identity_address set address_mac = $1 where pk = $2', [to, pk]);
    const other = await connect(own.url);
    await other.query('begin');
    await move(newAddress().mac, two);
    const changed = store.change(changeOf(one.pk, { addresses: [second] }), ORIGIN);
    await waitingBackends(own.url, 1);
    // The server finds out that both wait for each other, and rolls the one back that has waited longer: the first address is taken then.
    await assert.rejects(move(first.mac, three), { code: '23505' });
    await other.query('rollback');
    await other.end();
    assert.equal(await changed, 'duplicate');
    assert.equal(await store.change(changeOf(one.pk, { addresses: [third, newAddress('phone')] }), ORIGIN), 'duplicate');
    assert.equal(await store.change(changeOf(one.pk, { addresses: [first] }), ORIGIN), 'changed');
  });

  it('see at a revocation what was bound while it waited', async () => {
    const identity = newIdentity();
    await store.register(identity, ORIGIN);
    const address = newAddress();
    const other = await connect(own.url);
    await other.query('begin');
    await other.query('update identity set claimed_pk = null where pk = $1', [identity.pk]);
    await other.query("insert into identity_address (pk, kind, address_mac, bound_at) values ($1, 'email', $2, now())", [identity.pk, address.mac]);
    const revoked = store.revoke(identity.pk, 'secret', ORIGIN);
    await waitingBackends(own.url, 1);
    await other.query('commit');
    await other.end();
    assert.equal(await revoked, true);
    assert.deepEqual(await rowsOf(own.url, 'select pk from identity_address where pk = $1', [identity.pk]), []);
  });
});

/** The statement that looks for the outcome on another connection. */
async function recorded(): Promise<Statement[]> {
  const heard: Statement[] = [];
  const run: Run = async (statement) => {
    if (statement.name === 'identity_change') throw new Unavailable('lost');
    heard.push(statement);
    return [];
  };
  await assert.rejects(new IdentityStore({ run, transaction: (work) => work(run) }).change(changeOf(HUSH), ORIGIN), Unavailable);
  return heard;
}

async function addJob(url: string, pk: string): Promise<void> {
  await rowsOf(url, `insert into identity_job (job_id, pk, field, state, address_mac, key_id, box, code_mac, code_expires_at, wrong_tries, test, created_at, expires_at)
    values ('job', $1, 'email', 'WAITING', '', 'k', '', '', now(), 0, false, now(), now())`, [pk]);
  await rowsOf(url, `insert into message (message_id, channel, recipient_mac, key_id, box, state, attempts, job_id, pk, created_at, deliver_until, expires_at)
    values ('message', 'EMAIL', '', 'k', '', 'QUEUED', 0, 'job', $1, now(), now(), now())`, [pk]);
}
