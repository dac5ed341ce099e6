import type { Database } from './db/database.ts';

const CHECK_INTERVAL = 2_000;

/** Whether the service can do its work: it has started, is not stopping, and its database answers. */
export class Readiness implements Disposable {
  readonly #database: Database;
  readonly #tell: (ready: boolean) => void;
  #isStopping = false;
  #timer: NodeJS.Timeout | undefined;

  /** `tell` hears of it at every check. */
  constructor(database: Database, tell: (ready: boolean) => void) {
    this.#database = database;
    this.#tell = tell;
  }

  /** Checks now, and from now on every two seconds. */
  async start(): Promise<void> {
    await this.check();
    this.#timer = setInterval(() => void this.check(), CHECK_INTERVAL);
    this.#timer.unref();
  }

  /** From now on nothing is ready. */
  stop(): void {
    this.#isStopping = true;
    clearInterval(this.#timer);
    this.#tell(false);
  }

  async check(): Promise<boolean> {
    const answers = await this.#database.ping().then(
      () => true,
      () => false,
    );
    const ready = answers && !this.#isStopping;
    this.#tell(ready);
    return ready;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
