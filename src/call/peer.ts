import { Allowance } from './allowance.ts';

/** Calls of one peer that are worked on at once: of all ranks, and of suspects once it has failed too often. */
const AT_ONCE = { usually: 64, limitedSuspects: 2 };
/** So many turns go by rank, and then one to a suspect, so that none waits for ever. */
const TURNS_BY_RANK = 8;

/**
 * What a call's connection tells before the call is checked, the best first:
 * calls succeeded over it and none was refused (`proven`), nothing came over it
 * yet but this one call (`first`), or neither (`suspect`).
 */
export type Rank = 'proven' | 'first' | 'suspect';

/** A call that waits for its turn. */
export interface Waiter {
  readonly rank: Rank;
  start(): void;
}

/** What a node remembers of one peer. */
export class Peer {
  readonly #failures: Allowance;
  readonly #running = { all: 0, suspects: 0 };
  /** The wrong calls of a shared address must not hold up the right ones. */
  readonly #queues: Readonly<Record<Rank, Set<Waiter>>> = { proven: new Set(), first: new Set(), suspect: new Set() };
  #turns = 0;

  constructor(failuresPerMinute: number) {
    this.#failures = new Allowance(failuresPerMinute);
  }

  get waiting(): number {
    const { proven, first, suspect } = this.#queues;
    return proven.size + first.size + suspect.size;
  }

  get waitingSuspects(): number {
    return this.#queues.suspect.size;
  }

  /** Whether one more call of this rank may be worked on. */
  hasRoom(rank: Rank, now: number): boolean {
    if (this.#running.all >= AT_ONCE.usually) return false;
    return rank !== 'suspect' || this.#running.suspects < AT_ONCE.limitedSuspects || this.limitedFor(now) === 0;
  }

  /** Whether a call that waits could begin. */
  isReady(now: number): boolean {
    const { proven, first, suspect } = this.#queues;
    return (proven.size + first.size > 0 && this.hasRoom('first', now)) || (suspect.size > 0 && this.hasRoom('suspect', now));
  }

  begin(rank: Rank): void {
    this.#running.all += 1;
    if (rank === 'suspect') this.#running.suspects += 1;
  }

  end(rank: Rank): void {
    this.#running.all -= 1;
    if (rank === 'suspect') this.#running.suspects -= 1;
  }

  queue(waiter: Waiter): void {
    this.#queues[waiter.rank].add(waiter);
  }

  leaveQueue(waiter: Waiter): void {
    this.#queues[waiter.rank].delete(waiter);
  }

  /** Takes the call whose turn it is out of the queues. */
  next(now: number): Waiter | undefined {
    const { proven, first, suspect } = this.#queues;
    const suspects = this.hasRoom('suspect', now) ? suspect : new Set<Waiter>();
    this.#turns = (this.#turns + 1) % TURNS_BY_RANK;
    const inTurn = this.#turns === 0 ? [suspects, proven, first] : [proven, first, suspects];
    return takeFirst(inTurn.find((queue) => queue.size > 0));
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
    return this.#running.all === 0 && this.waiting === 0;
  }
}

function takeFirst(waiters: Set<Waiter> | undefined): Waiter | undefined {
  for (const waiter of waiters ?? []) {
    waiters?.delete(waiter);
    return waiter;
  }
  return undefined;
}
