import { createServer } from 'node:net';
import { Client } from 'pg';
import { SUPERUSER } from './cluster.ts';
import { HOST } from './postmaster.ts';

export const DATABASE = 'keyturn';

const CONNECT_MS = 5000;

/**
 * Connects once as the service will, and creates its database if the server has none yet. Gives up once `ended`, which
 * says that the server has ended, resolves: another program may listen on its port and never answer.
 * Throws what pg throws, with PostgreSQL's code in `code`, if the server does not accept that now.
 */
export async function connectOnce(port: number, password: string, ended: Promise<void>): Promise<void> {
  const client = new Client({
    host: HOST,
    port,
    user: SUPERUSER,
    password,
    database: 'postgres',
    connectionTimeoutMillis: CONNECT_MS,
    // Said outright, because pg would take what is unsaid from variables of the environment.
    ssl: false,
    options: '-c statement_timeout=0',
  });
  // The server may vanish at any time; the pending call reports it.
  client.on('error', () => undefined);
  try {
    await Promise.race([connectAndPrepare(client), ended]);
  } finally {
    // Not awaited, because a program that never answers would not answer this either.
    client.end().catch(() => undefined);
  }
}

async function connectAndPrepare(client: Client): Promise<void> {
  await client.connect();
  const found = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
  if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
}

/** A port of the loopback interface that nothing listens on at this moment. */
export async function freeLoopbackPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, HOST, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
