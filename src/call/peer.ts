import { Allowance } from './allowance.ts';

/** Calls of one peer that are worked on at once: usually, and after too many failures. */
const AT_ONCE = { usually: 64, limited: 2 };

/** A call that waits for its turn. */
export interface Waiter {
  start(): void;
  drop(): void;
}

/** What a node remembers of one peer. */
export class Peer {
  readonly #failures: Allowance;
  #running = 0;
  /** Calls over connections without a refused call go first: the wrong ones of a shared address must not hold up the right ones. */
  readonly #clean = new Set<Waiter>();
  readonly #others = new Set<Waiter>();

  constructor(failuresPerMinute: number) {
    this.#failures = new Allowance(failuresPerMinute);
  }

  get waiting(): number {
    return this.#clean.size + this.#others.size;
  }

  /** Whether one more call may be worked on. */
  hasRoom(now: number): boolean {
    return this.#running < (this.limitedFor(now) > 0 ? AT_ONCE.limited : AT_ONCE.usually);
  }

  begin(): void {
    this.#running += 1;
  }

  end(): void {
    this.#running -= 1;
  }

  queue(waiter: Waiter, isClean: boolean): void {
    (isClean ? this.#clean : this.#others).add(waiter);
  }

  leaveQueue(waiter: Waiter): void {
    if (!this.#clean.delete(waiter)) this.#others.delete(waiter);
  }

  /** Takes the call whose turn it is out of the queue. */
  next(): Waiter | undefined {
    return takeFirst(this.#clean) ?? takeFirst(this.#others);
  }

  /** Takes a call of a connection with refused calls out of the queue, to make room. */
  yield(): Waiter | undefined {
    return takeFirst(this.#others);
  }

  fail(now: number): void {
    this.#failures.take(now);
  }

  /** How long until a failure is within the limit again, milliseconds; 0: it is. */
  limitedFor(now: number): number {
    return this.#failures.wait(now);
  }

  /** Whether it has no call here. */
  get isIdle(): boolean {
    return this.#running === 0 && this.waiting === 0;
  }
}

function takeFirst(waiters: Set<Waiter>): Waiter | undefined {
  for (const waiter of waiters) {
    waiters.delete(waiter);
    return waiter;
  }
  return undefined;
}
