import type { IssuerStore } from '../../db/issuer.ts';
import { Unavailable } from '../../unavailable.ts';

/** How long keys may be shown after they were read while the database does not answer, milliseconds. */
const MOST_AGE = 60_000;
/** How long to wait for the database, milliseconds. */
const PATIENCE = 2_000;

/** Keys as they were read. */
interface Seen {
  readonly keys: readonly string[];
  /** When that began, milliseconds of the monotonic clock. */
  readonly at: number;
}

/**
 * The keys by which others check what Keyturn has signed, 43 characters each, the one that signs first. However many ask,
 * one statement runs at a time: who comes while it runs shares the next one, so that nobody sees less than there was when
 * it asked.
 */
export class PublishedKeys {
  readonly #store: Pick<IssuerStore, 'published'>;
  readonly #monotonic: () => number;
  #last: Seen | undefined;
  #reading: Promise<Seen> | undefined;
  #next: Promise<Seen> | undefined;

  constructor(store: Pick<IssuerStore, 'published'>, monotonic = (): number => performance.now()) {
    this.#store = store;
    this.#monotonic = monotonic;
  }

  /** Throws what the database has thrown, or Unavailable, if it does not answer and what was read last is too old. */
  async read(): Promise<readonly string[]> {
    try {
      return (await inTime(this.#upcoming())).keys;
    } catch (error) {
      if (this.#last === undefined || this.#monotonic() - this.#last.at >= MOST_AGE) throw error;
      return this.#last.keys;
    }
  }

  /** A reading that has not begun yet. */
  #upcoming(): Promise<Seen> {
    if (this.#reading === undefined) return this.#begin();
    this.#next ??= this.#reading.catch(() => {}).then(() => {
      this.#next = undefined;
      return this.#begin();
    });
    return this.#next;
  }

  #begin(): Promise<Seen> {
    const at = this.#monotonic();
    this.#reading = this.#store
      .published()
      .then((keys) => (this.#last = { keys, at }))
      .finally(() => (this.#reading = undefined));
    return this.#reading;
  }
}

async function inTime(reading: Promise<Seen>): Promise<Seen> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Unavailable('the database takes too long')), PATIENCE);
  try {
    return await Promise.race([reading, late]);
  } finally {
    clearTimeout(timer);
  }
}
