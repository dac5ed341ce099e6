import { MikroORM } from '@mikro-orm/postgresql';
import type { EntityManager } from '@mikro-orm/postgresql';
import { Migrator } from '@mikro-orm/migrations';
import { DatabaseError, types } from 'pg';
import type { Pool, PoolClient, QueryResultRow } from 'pg';
import { Unavailable } from '../unavailable.ts';
import { entities } from './entities.ts';
import { migrate, migrationOptions } from './migrate.ts';

/** Where the database is. */
export interface DatabaseAddress {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** Most connections at once. */
  readonly poolSize: number;
  /** Hears what the driver has to say, such as of lost connections. */
  log(line: string): void;
  /** Hears of each statement that has ended, well or not, and how long it took with the wait for a connection. */
  observe?(statement: string, seconds: number): void;
}

/** A statement that the server prepares once for each connection, by its name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Runs one statement with bound parameters. Throws Unavailable if the database does not answer. */
export type Run = <Row extends QueryResultRow>(statement: Statement, values: readonly unknown[]) => Promise<Row[]>;

/** A query as MikroORM hands it over. */
interface CompiledQuery {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** How long a statement, a lock or an idle transaction may take, milliseconds. */
const TIMEOUTS = { statement_timeout: 10_000, lock_timeout: 5_000, idle_in_transaction_session_timeout: 10_000 };
const CONNECT_TIMEOUT = 5_000;
/** A server that hangs says nothing at all; it gets a little more time than the statement by its own clock. */
const ANSWER_TIMEOUT = 12_000;

/**
 * PostgreSQL through MikroORM: entities and migrations are MikroORM's, and all
 * that is hot or secret is a prepared statement on the same pool, because
 * MikroORM writes values into the text of its statements.
 */
export class Database implements AsyncDisposable {
  readonly #orm: MikroORM;
  readonly #pool: Pool;

  readonly #observe: (statement: string, seconds: number) => void;

  private constructor(orm: MikroORM, pool: Pool, address: DatabaseAddress) {
    this.#orm = orm;
    this.#pool = pool;
    this.#observe = (statement, seconds) => address.observe?.(statement, seconds);
  }

  /** Opens the pool and checks that the database answers. Throws Unavailable if it does not. */
  static async open(address: DatabaseAddress): Promise<Database> {
    const orm = await MikroORM.init({
      entities,
      clientUrl: address.url,
      // A name that is not there is most likely a slip of the pen.
      ensureDatabase: false,
      pool: { min: 0, max: address.poolSize },
      driverOptions: { connectionTimeoutMillis: CONNECT_TIMEOUT, query_timeout: ANSWER_TIMEOUT, ...TIMEOUTS, application_name: 'keyturn', keepAlive: true },
      logger: (line) => address.log(line),
      colors: false,
      extensions: [Migrator],
      migrations: migrationOptions,
    });
    const pool = await orm.em.getConnection().getNativeClient();
    const database = new Database(orm, pool, address);
    try {
      await database.ping();
    } catch (error) {
      await database[Symbol.asyncDispose]();
      throw error;
    }
    return database;
  }

  /** Brings the schema up to this version. */
  async migrate(): Promise<string[]> {
    return reachable(() => migrate(this.#orm, this.#pool));
  }

  /** The ORM itself, for migrations backwards and the comparison of schemas. */
  get orm(): MikroORM {
    return this.#orm;
  }

  /** Reads entities, by one query that goes by `name`; values that are secret or hot go through `run`. */
  async read<T>(name: string, query: (em: EntityManager) => Promise<T>): Promise<T> {
    return this.#timed(name, () => reachable(() => query(this.#reader())));
  }

  /**
   * MikroORM gives a connection back as sound however its query has ended, and a lost one would go to the next caller.
   * What stands here for its transaction runs the queries on the pool, which keeps no connection that has failed.
   */
  #reader(): EntityManager {
    const em = this.#orm.em.fork();
    em.setTransactionContext({ executeQuery: ({ sql, parameters }: CompiledQuery) => this.#pool.query(sql, [...parameters]) });
    return em;
  }

  readonly run: Run = (statement, values) => this.#timed(statement.name, () => runOn(this.#pool, statement, values));

  async #timed<T>(name: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.#observe(name, (performance.now() - start) / 1000);
    }
  }

  /** Runs several statements as one transaction; rolls back if `work` throws. */
  async transaction<T>(work: (run: Run) => Promise<T>): Promise<T> {
    const client = await reachable(() => this.#pool.connect());
    let broken: Error | undefined;
    try {
      await client.query('begin');
      const result = await work((statement, values) => this.#timed(statement.name, () => runOn(client, statement, values)));
      await client.query('commit');
      return result;
    } catch (error) {
      const cause = toUnavailable(error);
      // A connection that does not answer would not answer to a rollback either; the server rolls back when it ends.
      if (cause instanceof Unavailable) broken = cause;
      else await client.query('rollback').catch((rollbackError: Error) => (broken = rollbackError));
      throw cause;
    } finally {
      client.release(broken);
    }
  }

  /** Throws Unavailable unless the database answers. */
  async ping(): Promise<void> {
    await this.run({ name: 'ping', text: 'select 1' }, []);
  }

  /** Connections of the pool: open, idle, and callers that wait for one. */
  get pool(): { total: number; idle: number; waiting: number } {
    return { total: this.#pool.totalCount, idle: this.#pool.idleCount, waiting: this.#pool.waitingCount };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#orm.close(true);
    // The ORM ends the pool only if it has used it itself.
    if (!this.#pool.ending) await this.#pool.end();
  }
}

async function runOn<Row extends QueryResultRow>(
  target: Pool | PoolClient,
  statement: Statement,
  values: readonly unknown[],
): Promise<Row[]> {
  // The pool's own parsers are MikroORM's, which leave times as text.
  const query = { ...statement, values: [...values], types };
  const result = await reachable(() => target.query<Row>(query));
  return result.rows;
}

async function reachable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toUnavailable(error);
  }
}

/**
 * SQLSTATE classes that say nothing about the statement: connection exceptions,
 * insufficient resources, operator intervention, system errors, a server that
 * only reads, and a lock that did not come in time.
 */
const OUTSIDE = /^(?:08|53|57|58|25006|55P03)/;

function toUnavailable(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Unavailable || !isOutside(error)) return error;
  return new Unavailable('the database does not answer', { cause: error });
}

/** MikroORM's errors are not the driver's, but have their code. */
function isOutside(error: Error): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  // No SQLSTATE begins with an E; EPIPE has five letters too.
  if (/^[0-9A-DF-Z][0-9A-Z]{4}$/.test(code)) return OUTSIDE.test(code);
  return /^E[A-Z_]+$/.test(code) || /connection|terminat|timeout exceeded|read timeout|after calling end/i.test(error.message);
}

/** The constraint that a statement violated, if that is what its error says. */
export function violatedConstraint(error: unknown): string | undefined {
  return error instanceof DatabaseError && error.code === '23505' ? error.constraint : undefined;
}

/** Whether a statement was rolled back because it and another one waited for each other. */
export function isDeadlock(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '40P01';
}
