import { setTimeout as sleep } from 'node:timers/promises';
import type { Checkpoint } from './checkpoint.ts';
import { exchange } from './exchange.ts';
import type { Answer, Target } from './exchange.ts';
import { DeviceError, reasonOf } from './device_error.ts';
import type { DeviceRequest } from './device_jwt.ts';
import { requestOf } from './key_update.ts';
import type { KeyUpdate } from './key_update.ts';
import { judgeToken } from './token_request.ts';
import type { IssuedToken } from './token_request.ts';
import { judge } from './verdict.ts';
import type { Refusal, Verdict } from './verdict.ts';

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

/** What is asked until the answer is certain. */
interface Question<Success> {
  /** Called for each try. */
  readonly request: () => DeviceRequest;
  readonly judge: (answer: Answer) => Success | Refusal;
  /** Whether to wait and ask again. */
  readonly isOpen: (verdict: Success | Refusal) => boolean;
  readonly words: Words;
}

/** What is said when the time is over. */
interface Words {
  /** What `limited` means. */
  readonly limited: string;
  /** What has become of the caller's keys. */
  readonly comfort: string;
}

const UPDATE: Words = { limited: 'the device has used up its rotations', comfort: 'both keys are safe' };
const TOKEN: Words = { limited: 'the device has used up its requests for tokens', comfort: 'there is no token' };
/** The usual first pause, milliseconds. */
export const FIRST_PAUSE = 250;
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
   * Sends the identical request until the answer is certain; `limited` is waited for too. Throws a DeviceError
   * `failed` when the time is over, or when a pause that was asked for would end after it.
   */
  update(update: KeyUpdate): Promise<Verdict> {
    return this.#ask({ request: () => requestOf(update), judge, isOpen: isOpenOr('limited'), words: UPDATE });
  }

  /** Like `update`, for a request that changes nothing: whether its JWT verifies with the current key. */
  async verifies(probe: KeyUpdate): Promise<boolean> {
    const verdict = await this.#ask({ request: () => requestOf(probe), judge, isOpen: isOpenOr('updated'), words: UPDATE });
    return verdict !== 'unauthorized';
  }

  /**
   * Like `update`, for a token. Each try is signed anew: the JWT of one whose answer was lost may have bought a token
   * already, and would be refused as if its key were not the current one.
   */
  token(sign: () => DeviceRequest): Promise<IssuedToken | Refusal> {
    return this.#ask({ request: sign, judge: judgeToken, isOpen: isOpenOr('limited'), words: TOKEN });
  }

  async #ask<Success>({ request, judge: judgeAnswer, isOpen, words }: Question<Success>): Promise<Success | Refusal> {
    for (let tries = 0; ; tries += 1) {
      const answer = await this.#try(request());
      if (typeof answer === 'string') {
        await this.#pause(tries, answer, 0, 'there was no certain answer in time', words.comfort);
        continue;
      }
      this.#requestId = answer.requestId;
      const verdict = judgeAnswer(answer);
      if (verdict !== 'doubt' && answer.date !== undefined) this.#ahead = Math.max(0, answer.date - this.#options.now());
      if (!isOpen(verdict)) return verdict;
      const what = verdict === 'limited' ? words.limited : 'there was no certain answer in time';
      await this.#pause(tries, `HTTP ${answer.status}${this.trace}`, answer.retryAfter ?? 0, what, words.comfort);
    }
  }

  /** The answer, or in words why there is none. */
  async #try(request: DeviceRequest): Promise<Answer | string> {
    const { target, timeout, checkpoint } = this.#options;
    const time = Math.max(1, Math.ceil(Math.min(MOST_TRY, timeout / 3, this.#end - performance.now())));
    try {
      return await exchange(target, request, time, checkpoint);
    } catch (error) {
      return `no answer, ${error instanceof Error && error.name === 'AbortError' ? `${time} ms were over` : reasonOf(error)}`;
    }
  }

  async #pause(tries: number, said: string, asked: number, what: string, comfort: string): Promise<void> {
    const most = Math.min(MOST_PAUSE, this.#options.firstPause * 2 ** tries);
    // Devices that lost the service together shall not come back together.
    const pause = Math.max(asked, most * (0.5 + Math.random() / 2));
    if (performance.now() + pause < this.#end) return sleep(pause);
    const seconds = Math.ceil(asked / 1000);
    const when = seconds > 0 ? `run again in ${seconds} seconds` : 'run again';
    throw new DeviceError('failed', `${what}; the last one: ${said}; ${comfort}, ${when} to go on`);
  }
}

function isOpenOr(verdict: Verdict): (candidate: unknown) => boolean {
  return (candidate) => candidate === 'doubt' || candidate === verdict;
}
