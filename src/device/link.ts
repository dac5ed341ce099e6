import { setTimeout as sleep } from 'node:timers/promises';
import type { Checkpoint } from './checkpoint.ts';
import { exchange } from './exchange.ts';
import type { Answer, Target } from './exchange.ts';
import type { KeyUpdate } from './key_update.ts';
import { RotationError, reasonOf } from './rotation_error.ts';
import { judge } from './verdict.ts';
import type { Verdict } from './verdict.ts';

export interface LinkOptions {
  readonly target: Target;
  /** For all requests together, milliseconds. */
  readonly timeout: number;
  /** The first pause between two tries, milliseconds; it doubles from try to try. */
  readonly firstPause: number;
  readonly checkpoint: Checkpoint;
  /** This machine's clock, milliseconds since 1970. */
  readonly now: () => number;
}

const MOST_TRY = 10_000;
const MOST_PAUSE = 8_000;

/** Talks to the service until it has a certain answer or the time is over. */
export class Link {
  readonly #options: LinkOptions;
  /** On the clock that nobody sets. */
  readonly #end: number;
  /** How far the service's clock is ahead of this one. */
  #ahead = 0;
  #requestId: string | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#end = performance.now() + options.timeout;
  }

  /** This machine's clock or the service's, as its last answer has told, whichever is ahead; milliseconds since 1970. */
  now(): number {
    return this.#options.now() + this.#ahead;
  }

  /** The request ID of the last answer, in words that can follow a message; empty if there is none. */
  get trace(): string {
    return this.#requestId === undefined ? '' : ` (request ${this.#requestId})`;
  }

  /**
   * Sends the identical request until the answer is certain; `limited` is waited for too. Throws a RotationError
   * `failed` when the time is over, or when a pause that was asked for would end after it.
   */
  update(update: KeyUpdate): Promise<Verdict> {
    return this.#ask(update, (verdict) => verdict === 'doubt' || verdict === 'limited');
  }

  /** Like `update`, for a request that changes nothing: whether its JWT verifies with the current key. */
  async verifies(probe: KeyUpdate): Promise<boolean> {
    const verdict = await this.#ask(probe, (candidate) => candidate === 'doubt' || candidate === 'updated');
    return verdict !== 'unauthorized';
  }

  async #ask(update: KeyUpdate, isOpen: (verdict: Verdict) => boolean): Promise<Verdict> {
    for (let tries = 0; ; tries += 1) {
      const answer = await this.#try(update);
      if (typeof answer === 'string') {
        await this.#pause(tries, 'doubt', answer, 0);
        continue;
      }
      this.#requestId = answer.requestId;
      const verdict = judge(answer);
      if (verdict !== 'doubt' && answer.date !== undefined) this.#ahead = Math.max(0, answer.date - this.#options.now());
      if (!isOpen(verdict)) return verdict;
      await this.#pause(tries, verdict, `HTTP ${answer.status}${this.trace}`, answer.retryAfter ?? 0);
    }
  }

  /** The answer, or in words why there is none. */
  async #try(update: KeyUpdate): Promise<Answer | string> {
    const { target, timeout, checkpoint } = this.#options;
    const time = Math.max(1, Math.ceil(Math.min(MOST_TRY, timeout / 3, this.#end - performance.now())));
    try {
      return await exchange(target, update, time, checkpoint);
    } catch (error) {
      return `no answer, ${error instanceof Error && error.name === 'AbortError' ? `${time} ms were over` : reasonOf(error)}`;
    }
  }

  async #pause(tries: number, verdict: Verdict, said: string, asked: number): Promise<void> {
    const most = Math.min(MOST_PAUSE, this.#options.firstPause * 2 ** tries);
    // Devices that lost the service together shall not come back together.
    const pause = Math.max(asked, most * (0.5 + Math.random() / 2));
    if (performance.now() + pause < this.#end) return sleep(pause);
    const seconds = Math.ceil(asked / 1000);
    const when = seconds > 0 ? `run again in ${seconds} seconds` : 'run again';
    const what = verdict === 'limited' ? 'the device has rotated too often for now' : 'there was no certain answer in time';
    throw new RotationError('failed', `${what}; the last one: ${said}; both keys are safe, ${when} to go on`);
  }
}
