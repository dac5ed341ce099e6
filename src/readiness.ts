import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from './db/database.ts';

const CHECK_INTERVAL = 2_000;
/** How long the database may take to answer, milliseconds. */
const PATIENCE = 2_000;

/** Whether the service can do its work: it has started, is not stopping, and its database answers. */
export class Readiness implements Disposable {
  readonly #database: Database;
  readonly #tell: (ready: boolean) => void;
  #isStopping = false;
  #timer: NodeJS.Timeout | undefined;
  #asking: Promise<boolean> | undefined;

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

  /** Asks the database, once for all who ask at the same time; one that hangs is not ready. */
  async check(): Promise<boolean> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    const ready = (await this.#asking) && !this.#isStopping;
    this.#tell(ready);
    return ready;
  }

  async #ask(): Promise<boolean> {
    const over = new AbortController();
    const pinged = this.#database.ping().then(
      () => true,
      () => false,
    );
    const late = sleep(PATIENCE, false, { ref: false, signal: over.signal }).catch(() => false);
    const answers = await Promise.race([pinged, late]);
    over.abort();
    return answers;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
