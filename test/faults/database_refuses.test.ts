import assert from 'node:assert/strict';
import { chownSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it } from 'mocha';
import { DatabaseError } from 'pg';
import type { Client } from 'pg';
import { rowsOf } from '../db/fixtures/rotations.ts';
import { connect, execute } from '../support/postgres.ts';
import { eventually } from './fixtures/child.ts';
import { signalServer, startOwnPostgres } from './fixtures/own_postgres.ts';
import type { OwnPostgres } from './fixtures/own_postgres.ts';
import { Traffic } from './fixtures/traffic.ts';

const TOO_MANY_CONNECTIONS = '53300';

describe('under load, PostgreSQL that refuses', function () {
  this.timeout(60_000);
  let own: OwnPostgres | undefined;
  afterEach(async () => {
    await own?.[Symbol.asyncDispose]();
    own = undefined;
  });

  it('connections, because others have them all: E500 until there are some again', async () => {
    own = await startOwnPostgres({ settings: { max_connections: '12' } });
    await using traffic = await Traffic.start(own.service.url, 'crowded');
    const taken = await takeEveryConnection(own.url);
    await traffic.untilRefused(8);
    await Promise.all(taken.map((client) => client.end()));
    await traffic.untilAllRotate();
    await traffic.endWithEqualBooks(own.url);
  });

  it('writes, because it was made read-only: E500 until it is writable again', async () => {
    own = await startOwnPostgres();
    await using traffic = await Traffic.start(own.service.url, 'read-only');
    await execute(own.url, 'alter system set default_transaction_read_only = on');
    await execute(own.url, 'select pg_reload_conf()');
    await traffic.untilRefused(8);
    await execute(own.url, 'alter system reset default_transaction_read_only');
    await execute(own.url, 'select pg_reload_conf()');
    await traffic.untilAllRotate();
    await traffic.endWithEqualBooks(own.url);
  });

  it('writes, because it is a standby: E500 until it is promoted', async () => {
    own = await startOwnPostgres();
    const { url, cluster } = own;
    await using traffic = await Traffic.start(own.service.url, 'standby');
    const signal = join(cluster, 'standby.signal');
    writeFileSync(signal, '', { mode: 0o600 });
    const { uid, gid } = statSync(cluster);
    chownSync(signal, uid, gid);
    signalServer(own, 'SIGINT');
    await eventually(async () => {
      assert.deepEqual(await rowsOf(url, 'select pg_is_in_recovery() as standby'), [{ standby: true }]);
    });
    await traffic.untilRefused(8);
    await execute(url, 'select pg_promote()');
    await traffic.untilAllRotate();
    await traffic.endWithEqualBooks(url);
  });
});

/** Takes connections, those of the service too, until there is none left and the service has none. */
async function takeEveryConnection(url: string): Promise<Client[]> {
  const taken: Client[] = [];
  for (const until = Date.now() + 20_000; Date.now() < until; ) {
    // More at once than the service asks for: whoever comes first has the connections that were taken from it.
    const attempts = await Promise.all(Array.from({ length: 16 }, () => connectIfFree(url)));
    taken.push(...attempts.filter((client) => client !== undefined));
    const ended = await taken[0]?.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'keyturn'");
    if (ended?.rowCount === 0) return taken;
  }
  throw new Error('the service keeps its connections');
}

async function connectIfFree(url: string): Promise<Client | undefined> {
  try {
    return await connect(url);
  } catch (error) {
    if (error instanceof DatabaseError && error.code === TOO_MANY_CONNECTIONS) return undefined;
    throw error;
  }
}
