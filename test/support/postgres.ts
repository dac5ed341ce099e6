import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import { startEmbeddedPostgres } from '../../src/db/embedded/index.ts';

/** A database of its own, dropped when it is disposed of. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
}

const DATABASE_IN_USE = '55006';

let server: Promise<AsyncDisposable & { readonly url: string }> | undefined;

/** Creates an empty database on the server of this run: KEYTURN_TEST_DATABASE_URL, or an embedded one. */
export async function createDatabase(): Promise<TestDatabase> {
  server ??= startServer();
  const { url } = await server;
  const name = `keyturn_test_${randomBytes(6).toString('hex')}`;
  await execute(url, `create database ${name}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  return {
    url: own.href,
    [Symbol.asyncDispose]: () => drop(url, name),
  };
}

/**
 * Drops a database once its connections are closed. A client that is just
 * leaving, and thrown out with force, has nobody left to hear its error.
 */
async function drop(url: string, name: string): Promise<void> {
  // The server itself waits five seconds for them each time.
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      return await execute(url, `drop database if exists ${name}`);
    } catch (error) {
      if (!(error instanceof DatabaseError && error.code === DATABASE_IN_USE)) throw error;
      await sleep(20);
    }
  }
  await execute(url, `drop database if exists ${name} with (force)`);
}

/** Stops the server of this run, if one was started. */
export async function stopServer(): Promise<void> {
  await (await server)?.[Symbol.asyncDispose]();
}

/** Opens a connection of one's own. If the server ends it, the statement under way or the next one tells of it. */
export async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Runs statements on a connection of their own. */
export async function execute(url: string, text: string): Promise<void> {
  const client = await connect(url);
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

async function startServer(): Promise<AsyncDisposable & { readonly url: string }> {
  const given = process.env['KEYTURN_TEST_DATABASE_URL'];
  if (given !== undefined) return { url: given, [Symbol.asyncDispose]: () => Promise.resolve() };
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-test-'));
  const embedded = await startEmbeddedPostgres({
    folder: join(folder, 'postgres'),
    log: () => {},
    settings: { fsync: 'off', synchronous_commit: 'off', max_connections: '200' },
  });
  const { user, password, host, port, database } = embedded;
  return {
    url: `postgres://${user}:${password}@${host}:${port}/${database}`,
    async [Symbol.asyncDispose]() {
      await embedded[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
