import { join } from 'node:path';
import type { Config } from './config/index.ts';
import { FolderError, openDataFolder } from './data_folder.ts';
import type { DataFolder } from './data_folder.ts';
import { Database } from './db/database.ts';
import { startEmbeddedPostgres } from './db/embedded/index.ts';
import type { EmbeddedPostgres } from './db/embedded/index.ts';
import type { Log } from './log.ts';

/** The database of a service, brought up to this version, with what it stands on. */
export interface Store extends AsyncDisposable {
  readonly kind: 'embedded' | 'postgres';
  readonly database: Database;
  /** Undefined with a server of one's own. */
  readonly folder: DataFolder | undefined;
  readonly embedded: EmbeddedPostgres | undefined;
  /** The migrations that were run now, in order. */
  readonly migrations: readonly string[];
}

export interface StoreOptions {
  /** Settings of the embedded server. */
  readonly postgresSettings?: Record<string, string> | undefined;
  /** Hears of each statement and its seconds. */
  readonly observe?: (statement: string, seconds: number) => void;
}

const POOL_SIZE = 16;

/**
 * Opens the database that the settings name: a server of one's own, or the
 * embedded one in the data folder, which is locked. Throws an Error that says
 * what to do; what was started by then is stopped again.
 */
export async function openStore(config: Config, log: Log, options: StoreOptions = {}): Promise<Store> {
  await using started = new AsyncDisposableStack();
  const { databaseUrl } = config;
  const folder = databaseUrl === undefined ? started.use(openFolder(config.dataDir)) : undefined;
  const embedded = folder && started.use(await startEmbedded(folder, log, options.postgresSettings ?? {}).catch(withRemedy));
  const database = started.use(await openDatabase(databaseUrl ?? urlOf(embedded), log, options));
  const migrations = await database.migrate();
  for (const migration of migrations) log.info({ migration }, 'migrated');
  const stack = started.move();
  const kind = embedded === undefined ? 'postgres' : 'embedded';
  return { kind, database, folder, embedded, migrations, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

function openFolder(path: string): DataFolder {
  try {
    return openDataFolder(path);
  } catch (error) {
    return withRemedy(error);
  }
}

/** What to do about a folder that cannot be used. */
function withRemedy(error: unknown): never {
  if (!(error instanceof FolderError)) throw error;
  const remedy = `${error.isInUse ? 'stop it or ' : ''}set KEYTURN_DATA_DIR to another folder`;
  throw new Error(`${error.message}; ${remedy}`, { cause: error });
}

function startEmbedded(folder: DataFolder, log: Log, settings: Record<string, string>): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({
    folder: join(folder.path, 'postgres'),
    log: (line, fields) => log.info({ ...fields, part: 'postgres' }, line),
    settings,
  });
}

async function openDatabase(url: string, log: Log, { observe }: StoreOptions): Promise<Database> {
  try {
    const address = { url, poolSize: POOL_SIZE, log: (line: string) => log.info({ part: 'database' }, line) };
    return await Database.open(observe === undefined ? address : { ...address, observe });
  } catch (error) {
    const { hostname, port } = new URL(url);
    throw new Error(`cannot use PostgreSQL at ${hostname}:${port || 5432}: ${reasonOf(error)}; check KEYTURN_DATABASE_URL`, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  let root = error;
  while (root instanceof Error && root.cause instanceof Error) root = root.cause;
  return root instanceof Error ? root.message : String(root);
}

function urlOf(embedded: EmbeddedPostgres | undefined): string {
  if (embedded === undefined) throw new Error('there is no database');
  const { host, port, user, password, database } = embedded;
  return `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
}
