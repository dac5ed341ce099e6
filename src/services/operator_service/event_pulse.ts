import { setTimeout as sleep } from 'node:timers/promises';
import type { EventStore, EventWindow } from '../../db/event.ts';

/** Between two looks for new events, milliseconds. */
const INTERVAL = 250;

interface Waiter {
  readonly wake: () => void;
  readonly fail: (error: unknown) => void;
}

/** Looks for new events on behalf of all who watch, and only while somebody does. */
export class EventPulse {
  readonly #store: EventStore;
  readonly #waiters = new Set<Waiter>();
  #watchers = 0;
  #isRunning = false;
  #beat = 0;
  #current = '';
  #latest: EventWindow | undefined;

  constructor(store: EventStore) {
    this.#store = store;
  }

  /** Somebody watches who has seen what a snapshot sees, until the answer is called, once. */
  join(snapshot: string): () => void {
    this.#watchers += 1;
    if (!this.#isRunning) {
      this.#isRunning = true;
      this.#current = snapshot;
      this.#latest = undefined;
      void this.#run();
    }
    return () => {
      this.#watchers -= 1;
    };
  }

  /** The next window after a snapshot, as soon as it holds an event. Rejects if the database does not answer, or as the signal aborts. */
  async next(after: string, signal: AbortSignal): Promise<EventWindow> {
    for (;;) {
      // Settled before anything is looked for: what comes later makes another beat.
      const beat = this.#beat;
      if (this.#latest?.after === after) return this.#latest;
      const window = after === this.#current ? undefined : await this.#store.open(after);
      if (window !== undefined) return window;
      if (beat === this.#beat) await this.#wait(signal);
      signal.throwIfAborted();
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (end: () => void): void => {
        this.#waiters.delete(waiter);
        signal.removeEventListener('abort', onAbort);
        end();
      };
      const waiter = { wake: () => settle(resolve), fail: (error: unknown) => settle(() => reject(error)) };
      const onAbort = (): void => waiter.fail(signal.reason);
      if (signal.aborted) return onAbort();
      this.#waiters.add(waiter);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  async #run(): Promise<void> {
    while (this.#watchers > 0) {
      await this.#look();
      await sleep(INTERVAL, undefined, { ref: false });
    }
    this.#isRunning = false;
  }

  async #look(): Promise<void> {
    try {
      const window = await this.#store.open(this.#current);
      if (window === undefined) return;
      this.#latest = window;
      this.#current = window.upto;
      this.#beat += 1;
      for (const { wake } of this.#waiters) wake();
    } catch (error) {
      for (const { fail } of this.#waiters) fail(error);
    }
  }
}
