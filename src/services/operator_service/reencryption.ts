import { setTimeout as sleep } from 'node:timers/promises';
import type { ReencryptSecretsResponse } from '../../../gen/keyturn/v1/operator_service.ts';
import type { Call } from '../../call/call.ts';
import type { Clock } from '../../clock.ts';
import type { KeyRing, Sealed } from '../../crypto/key_ring.ts';
import type { Resealing, SealedRow, SealedStore, SealedTable } from '../../db/sealed.ts';
import { originOf } from '../origin.ts';

/** Rows in one statement, so that it holds their locks for a few milliseconds only. */
const BATCH = 200;
/** How many values that do not open are told by name. */
const MOST_TOLD = 10;
/** Before what others held is tried again, milliseconds. */
const PAUSE = 50;

/** What is sealed with one of the other keys, in one table. */
interface Task {
  readonly table: SealedTable;
  readonly keyId: string;
}

/** How far a run is. */
interface Tally {
  done: number;
  readonly total: number;
  /** Values that do not open, of each task: each pass over it counts them anew. */
  readonly unreadable: Map<Task, number>;
  /** The first of them by name. */
  readonly told: Set<string>;
}

/** The call of OperatorService that encrypts with the active master key what another one has encrypted. */
export class Reencryption {
  readonly #ring: KeyRing;
  readonly #store: SealedStore;
  readonly #clock: Clock;

  constructor(ring: KeyRing, store: SealedStore, clock: Clock) {
    this.#ring = ring;
    this.#store = store;
    this.#clock = clock;
  }

  /** Its audit event comes first: whenever it is broken off, what it has done is accounted for. */
  async run(call: Call): Promise<AsyncIterable<ReencryptSecretsResponse>> {
    const [active = ''] = this.#ring.ids;
    const examples = await this.#store.examples();
    const tasks = examples.filter(({ keyId }) => keyId !== active).map(({ table, keyId }) => ({ table, keyId }));
    let total = 0;
    for (const { table, keyId } of tasks) total += await this.#store.count(table, keyId);
    await this.#store.record('reencryption.started', { key_id: active, values: String(total) }, originOf(call, this.#clock));
    return this.#work(tasks, { done: 0, total, unreadable: new Map(), told: new Set() });
  }

  async *#work(tasks: readonly Task[], tally: Tally): AsyncGenerator<ReencryptSecretsResponse> {
    for (const task of tasks) {
      // Rows that were held or changed meanwhile were left out; the next pass finds those that still are to be done.
      while ((yield* this.#pass(task, tally)) > 0) await sleep(PAUSE);
    }
    const last = progressOf(tally);
    yield { ...last, total: last.done + last.unreadable, unreadableValues: [...tally.told] };
  }

  /** Goes through the rows of a task once. Returns how many it had to leave out. */
  async *#pass(task: Task, tally: Tally): AsyncGenerator<ReencryptSecretsResponse, number> {
    const { table, keyId } = task;
    tally.unreadable.set(task, 0);
    let leftOut = 0;
    let after: readonly string[] | undefined;
    for (;;) {
      const rows = await this.#store.read(table, keyId, after, BATCH);
      after = rows.at(-1)?.key;
      if (after === undefined) return leftOut;
      const resealed = this.#reseal(rows, task, tally);
      const replaced = await this.#store.replace(table, resealed);
      leftOut += resealed.length - replaced;
      tally.done += replaced;
      yield progressOf(tally);
    }
  }

  #reseal(rows: readonly SealedRow[], task: Task, { unreadable, told }: Tally): Resealing[] {
    return rows.flatMap((old) => {
      const sealed = this.#resealed(old);
      if (sealed !== undefined) return [{ old, sealed }];
      unreadable.set(task, (unreadable.get(task) ?? 0) + 1);
      if (told.size < MOST_TOLD) told.add([old.table, ...old.key].join(' '));
      return [];
    });
  }

  /** Undefined if the ring does not open it. */
  #resealed(row: SealedRow): Sealed | undefined {
    const place = [row.table, ...row.key];
    try {
      return this.#ring.seal(place, this.#ring.open(place, row));
    } catch {
      return undefined;
    }
  }
}

function progressOf({ done, total, unreadable }: Tally): ReencryptSecretsResponse {
  const failed = [...unreadable.values()].reduce((sum, count) => sum + count, 0);
  return { done: BigInt(done), total: BigInt(Math.max(total, done + failed)), unreadable: BigInt(failed), unreadableValues: [] };
}
