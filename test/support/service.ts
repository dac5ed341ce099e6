import { pino } from 'pino';
import { build } from '../../src/app.ts';
import type { App, Overrides } from '../../src/app.ts';
import type { Clock } from '../../src/clock.ts';
import { readConfig } from '../../src/config/index.ts';
import type { Environment } from '../../src/config/index.ts';
import { createDatabase } from './postgres.ts';
import type { TestDatabase } from './postgres.ts';

export const OPERATOR_TOKEN = 'operator-token-of-the-tests';
export const MASTER_KEYS = `tests:${Buffer.alloc(32, 7).toString('base64')}`;

/** A service in this process, on a database of its own. */
export interface TestService extends AsyncDisposable {
  readonly app: App;
  readonly databaseUrl: string;
  /** `http://127.0.0.1:PORT`, with TLS `https://...` */
  readonly url: string;
  /** `127.0.0.1:PORT` */
  readonly grpc: string;
  /** `127.0.0.1:PORT` of the operator listener, or of gRPC if there is none. */
  readonly operator: string;
  /** What it has logged, parsed. */
  readonly lines: Record<string, unknown>[];
  readonly clock: TestClock;
}

/** A clock that tests set; it runs along with the real one. */
export class TestClock implements Clock {
  #offset = 0;

  now(): Date {
    return new Date(Date.now() + this.#offset);
  }

  advance(milliseconds: number): void {
    this.#offset += milliseconds;
  }
}

export interface TestServiceOptions {
  /** KEYTURN_ variables besides those for the database, the token and the listeners. */
  readonly settings?: Environment;
  /** A database to share with another service; not dropped at the end. */
  readonly database?: TestDatabase;
  readonly overrides?: Overrides;
}

/** Starts the whole service as it is, with free ports and a log that is kept. */
export async function startService({ settings = {}, database, overrides = {} }: TestServiceOptions = {}): Promise<TestService> {
  const own = database === undefined ? await createDatabase() : undefined;
  const databaseUrl = (database ?? own)?.url ?? '';
  const lines: Record<string, unknown>[] = [];
  const clock = new TestClock();
  const config = readConfig({
    KEYTURN_DATABASE_URL: databaseUrl,
    KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN, KEYTURN_MASTER_KEYS: MASTER_KEYS,
    KEYTURN_HTTP_LISTEN: '127.0.0.1:0',
    KEYTURN_GRPC_LISTEN: '127.0.0.1:0',
    ...settings,
  });
  const log = pino(
    { level: 'debug', base: null, messageKey: 'message', formatters: { level: (label) => ({ level: label }) } },
    { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const app = await build(config, { clock, log, ...overrides });
  return {
    app,
    databaseUrl,
    lines,
    clock,
    url: `${app.hasTls ? 'https' : 'http'}://127.0.0.1:${app.http.port}`,
    grpc: `127.0.0.1:${app.grpc.port}`,
    operator: `127.0.0.1:${(app.operator ?? app.grpc).port}`,
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]();
      await own?.[Symbol.asyncDispose]();
    },
  };
}
