import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { Database } from '../src/db/database.ts';
import { startEmbeddedPostgres } from '../src/db/embedded/index.ts';
import type { EmbeddedPostgres } from '../src/db/embedded/index.ts';
import { chooseCores } from './child.ts';
import type { Cores } from './child.ts';

/**
 * All that a run of the benchmark stands on: a temporary folder and one
 * PostgreSQL server, with the durable settings that Keyturn gives it. Disposing
 * of it ends every child that was handed to `own`, newest first, then the
 * server, and removes the folder; what still waits for one of them rejects.
 */
export class Workbench implements AsyncDisposable {
  readonly folder: string;
  readonly cores: Cores = chooseCores();
  readonly #owned = new AsyncDisposableStack();
  #postgres: EmbeddedPostgres | undefined;
  #postgresVersion: string | undefined;

  private constructor(folder: string) {
    this.folder = folder;
    this.#owned.defer(() => rm(folder, { recursive: true, force: true }));
  }

  static async open(): Promise<Workbench> {
    return new Workbench(await mkdtemp(join(tmpdir(), 'keyturn-bench-')));
  }

  /** Ends it with the workbench, at the latest. */
  own<T extends AsyncDisposable>(resource: T): T {
    if (!this.#owned.disposed) return this.#owned.use(resource);
    void resource[Symbol.asyncDispose]();
    throw new Error('the benchmark is ending');
  }

  /** Undefined while no database was created. */
  get postgresVersion(): string | undefined {
    return this.#postgresVersion;
  }

  /** Makes a folder in the temporary one. */
  async makeFolder(name: string): Promise<string> {
    const folder = join(this.folder, name);
    await mkdir(folder, { recursive: true });
    return folder;
  }

  /** Creates a database with Keyturn's schema and returns its URL. The server is started for the first one. */
  async createDatabase(name: string): Promise<string> {
    this.#postgres ??= this.own(await startEmbeddedPostgres({ folder: join(this.folder, 'postgres'), log: () => {} }));
    const { user, password, host, port, database: first } = this.#postgres;
    const server = `postgres://${user}:${password}@${host}:${port}`;
    await withClient(`${server}/${first}`, async (client) => {
      await client.query(`create database ${name}`);
      const { rows } = await client.query<{ server_version: string }>('show server_version');
      this.#postgresVersion = rows[0]?.server_version;
    });
    const url = `${server}/${name}`;
    await using database = await Database.open({ url, poolSize: 2, log: () => {} });
    await database.migrate();
    return url;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}

/** Works on a connection of its own. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  // A server that goes away is told of by the work itself.
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
