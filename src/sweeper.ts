import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

/** What has to be cleared away from time to time. */
export interface SweeperJob {
  /** For the log. */
  readonly name: string;
  /**
   * Does one small batch of what is due at `now` and resolves to how many it
   * has dealt with; 0 means that nothing is left. Other nodes may do the same
   * at the same time.
   */
  run(now: Date): Promise<number>;
}

/** Batches of one job in a round: a mountain of work does not keep the others waiting for ever. */
const MOST_BATCHES = 100;
/** From a round that has left something to the next, milliseconds: what comes fast must go as fast. */
const BREATH = 1_000;

/**
 * Runs jobs by turns, again and again. A job that fails is logged and tried in
 * the next round. Disposing of it waits for the batch under way.
 */
export class Sweeper implements AsyncDisposable {
  readonly #jobs: readonly SweeperJob[];
  readonly #every: number;
  readonly #log: Log;
  readonly #clock: Clock;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #isStopping = false;
  #hasLeft = false;

  /** `every`: milliseconds from the end of a round that has left nothing to the next. */
  constructor(jobs: readonly SweeperJob[], every: number, log: Log, clock: Clock) {
    this.#jobs = jobs;
    this.#every = every;
    this.#log = log;
    this.#clock = clock;
  }

  /** Runs a round after `every` milliseconds, and so on; the next one sooner if one has left something. */
  start(): void {
    if (this.#isStopping) return;
    const wait = this.#hasLeft ? Math.min(BREATH, this.#every) : this.#every;
    this.#timer = setTimeout(() => void this.sweep().then(() => this.start()), wait);
    this.#timer.unref();
  }

  /** Runs one round, or waits for the one that runs and then runs one. Never rejects. */
  async sweep(): Promise<void> {
    while (this.#round !== undefined) await this.#round;
    this.#round = this.#sweep().finally(() => {
      this.#round = undefined;
    });
    await this.#round;
  }

  async #sweep(): Promise<void> {
    this.#hasLeft = false;
    for (const job of this.#jobs) {
      try {
        await this.#runAll(job);
      } catch (error) {
        this.#log.warn({ job: job.name, error: error instanceof Error ? error.message : String(error) }, 'could not clear away what is due; it is tried again');
      }
    }
  }

  async #runAll(job: SweeperJob): Promise<void> {
    for (let batch = 0; batch < MOST_BATCHES && !this.#isStopping; batch += 1) {
      if ((await job.run(this.#clock.now())) === 0) return;
    }
    this.#hasLeft = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    await this.#round;
  }
}
