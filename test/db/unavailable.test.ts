import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { AuditEventStore } from '../../src/db/audit_event.ts';
import type { Database } from '../../src/db/database.ts';
import { DeviceStore } from '../../src/db/device.ts';
import { Unavailable } from '../../src/unavailable.ts';
import { connect, createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { ORIGIN, openDatabase, rowsOf, waitingBackends } from './fixtures/rotations.ts';

/** Whether it reads by a statement, by an entity or in a transaction, what the server's trouble is called is the same. */
describe('a database in trouble', () => {
  let own: TestDatabase;
  let database: Database;
  before(async () => {
    own = await createDatabase();
    database = await openDatabase(own.url);
  });
  after(async () => {
    await database[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });

  const WORK: readonly (readonly [name: string, work: () => Promise<unknown>])[] = [
    ['a statement', () => new AuditEventStore(database.run).list({ deviceId: undefined, identity: undefined }, undefined, 1)],
    ['an entity', () => new DeviceStore(database).get('any')],
    ['a list of entities', () => new DeviceStore(database).list(undefined, undefined, 1)],
    ['a transaction', () => new DeviceStore(database).remove('any', ORIGIN)],
  ];

  for (const [name, work] of WORK) {
    for (const [trouble, fails] of [['cancels', 'pg_cancel_backend'], ['terminates', 'pg_terminate_backend']] as const) {
      it(`is Unavailable for ${name} that it ${trouble}`, async () => {
        const blocker = await connect(own.url);
        await blocker.query('begin; lock table device, audit_event in access exclusive mode');
        const outcome = work().then(() => undefined, async (error: unknown) => {
          // At once: whoever comes next gets no connection that is lost.
          await database.ping();
          return error;
        });
        const [pid] = await waitingBackends(own.url, 1);
        await rowsOf(own.url, `select ${fails}($1)`, [pid]);
        const error = await outcome;
        await blocker.end();
        assert.ok(error instanceof Unavailable, String(error));
      });
    }
  }
});
