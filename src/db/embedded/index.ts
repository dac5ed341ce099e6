import { findBinaries } from './binaries.ts';
import { openCluster, SUPERUSER } from './cluster.ts';
import { DATABASE, freeLoopbackPort } from './connection.ts';
import { HOST } from './postmaster.ts';
import { serverUser } from './reach.ts';
import { supervise } from './supervisor.ts';

/** A PostgreSQL server of our own. Disposing of it shuts the server down and resolves when it has ended. */
export interface EmbeddedPostgres extends AsyncDisposable {
  readonly host: '127.0.0.1';
  /** The same for the life of the object, also after the server had to be started again. */
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Of the server's main process; undefined while none runs. */
  readonly pid: number | undefined;
}

export interface EmbeddedOptions {
  /** Absolute; created if missing. No other process may use it meanwhile: the caller holds a lock that sees to this. */
  readonly folder: string;
  /** Takes what the server writes to standard error, line by line, and what happens to it. Never gets the password. */
  log(line: string, fields?: object): void;
  /** Further settings of postgresql.conf, which override the usual ones: `{ fsync: 'off' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** What only tests set. */
export interface EmbeddedInternals {
  readonly choosePort?: () => Promise<number>;
  readonly graceMs?: number;
}

const GRACE_MS = 10_000;

/**
 * Starts a PostgreSQL 18 server on a free loopback port, with its cluster in `folder`, which is made at the first start
 * (UTF8, C locale, data checksums, scram-sha-256 with a generated password). Resolves once it accepts connections; this
 * takes as long as its recovery does. The server is restarted if it ends unexpectedly, and is shut down at once when
 * this process exits. A server that an earlier, killed process left on the folder is stopped first and loses no
 * committed row. As root on Linux the server runs with uid and gid 65534; other accounts run it as themselves.
 * Throws an Error that says what to do if the programs are missing or out of that uid's reach, if the folder cannot be
 * used, if its cluster is of another major version, or if the server does not start.
 */
export async function startEmbeddedPostgres(
  options: EmbeddedOptions,
  internals: EmbeddedInternals = {},
): Promise<EmbeddedPostgres> {
  const user = serverUser();
  const binaries = await findBinaries(user);
  const cluster = await openCluster(options.folder, binaries, user);
  const server = await supervise({
    program: binaries.postgres,
    cluster,
    user,
    settings: options.settings ?? {},
    log: (line, fields) => options.log(line, fields),
    graceMs: internals.graceMs ?? GRACE_MS,
    choosePort: internals.choosePort ?? freeLoopbackPort,
  });
  return {
    host: HOST,
    port: server.port,
    user: SUPERUSER,
    password: cluster.password,
    database: DATABASE,
    get pid() {
      return server.pid;
    },
    [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose](),
  };
}
