import { setTimeout as sleep } from 'node:timers/promises';
import type { TakenMessage } from '../../db/message_queue.ts';
import { Unavailable } from '../../unavailable.ts';
import { FARTHEST, LEASE } from './back_off.ts';
import { Delivery } from './delivery.ts';
import type { DeliveryParts } from './delivery.ts';

/** How often it looks for what is due of itself, milliseconds. */
const EVERY = 1_000;
/** How long attempts under way may take to finish at the end, milliseconds; then they are broken off. */
const GRACE = 5_000;

/** Sends the messages of one channel, at least once each. Several nodes share one queue. Disposing of it finishes the attempts under way. */
export class Dispatcher implements AsyncDisposable {
  readonly #parts: DeliveryParts;
  readonly #underWay = new Set<Promise<void>>();
  readonly #breakOff = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #look: Promise<void> | undefined;
  #isWoken = false;
  #hasMore = false;
  #isAway = false;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => this.wake(), EVERY).unref();
    this.wake();
  }

  /** Looks for what is due, now or right after the look under way; not before the start, nor after the end. */
  wake(): void {
    if (this.#timer === undefined) return;
    this.#isWoken = true;
    this.#look ??= this.#lookAgain().finally(() => {
      this.#look = undefined;
    });
  }

  async #lookAgain(): Promise<void> {
    while (this.#isWoken) {
      this.#isWoken = false;
      await this.#takeAll();
    }
  }

  /** Takes as much as can be sent at once, so that no lease runs while its message waits here. */
  async #takeAll(): Promise<void> {
    const { channel, sender, queue, clock } = this.#parts;
    const limit = sender.atOnce - this.#underWay.size;
    if (limit <= 0) return;
    const now = clock.now();
    const after = (milliseconds: number): Date => new Date(now.getTime() + milliseconds);
    try {
      const taken = await queue.take({ channel, now, leaseUntil: after(LEASE), farthest: after(FARTHEST), limit });
      this.#hasMore = taken.length === limit;
      this.#isAway = false;
      for (const message of taken) this.#begin(message);
    } catch (error) {
      // Once, not each second.
      if (!this.#isAway) this.#complain(error, 'could not look for messages to send; it is tried again');
      this.#isAway = true;
    }
  }

  #begin(message: TakenMessage): void {
    const attempt = this.#deliver(message).finally(() => {
      this.#underWay.delete(attempt);
      if (this.#hasMore) this.wake();
    });
    this.#underWay.add(attempt);
  }

  async #deliver(message: TakenMessage): Promise<void> {
    try {
      await new Delivery(this.#parts, message).attempt(this.#breakOff.signal);
    } catch (error) {
      this.#complain(error, 'what became of a message could not be recorded; it is tried again', message.messageId);
    }
  }

  /** An unexpected error goes by its name alone: nobody knows what it quotes. */
  #complain(error: unknown, says: string, messageId?: string): void {
    const { channel, log } = this.#parts;
    const name = error instanceof Unavailable ? error.message : error instanceof Error ? error.name : 'unknown';
    log.error({ channel, ...(messageId === undefined ? {} : { message_id: messageId }), error: name }, says);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#isWoken = false;
    await this.#look;
    const finished = Promise.all(this.#underWay);
    const grace = new AbortController();
    await Promise.race([finished, sleep(GRACE, undefined, { signal: grace.signal }).catch(() => {})]);
    grace.abort();
    this.#breakOff.abort();
    await finished;
    this.#parts.sender[Symbol.dispose]();
  }
}
