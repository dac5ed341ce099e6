export type State = 'good' | 'warning' | 'bad';

/** One thing that a check has found. */
export interface Finding {
  readonly check: string;
  /** `bad`: the service cannot start, or cannot be relied on, as long as this is so. */
  readonly state: State;
  /** What is so; never a secret. */
  readonly says: string;
  /** What to do about it; always there unless the state is `good`. */
  readonly todo?: string;
}

/** Makes the findings of one check. */
export class Findings {
  readonly #check: string;
  readonly #list: Finding[] = [];

  constructor(check: string) {
    this.#check = check;
  }

  good(says: string): this {
    this.#list.push({ check: this.#check, state: 'good', says });
    return this;
  }

  warning(says: string, todo: string): this {
    return this.add('warning', says, todo);
  }

  bad(says: string, todo: string): this {
    return this.add('bad', says, todo);
  }

  add(state: State, says: string, todo: string): this {
    this.#list.push(state === 'good' ? { check: this.#check, state, says } : { check: this.#check, state, says, todo });
    return this;
  }

  get list(): readonly Finding[] {
    return this.#list;
  }
}

/** The message of the innermost cause. */
export function reasonOf(error: unknown): string {
  const root = rootOf(error);
  if (!(root instanceof Error)) return String(root);
  // An address with several numbers, such as localhost, fails with several errors.
  if (root instanceof AggregateError && root.message === '') return root.errors.map(reasonOf).join(', ');
  return root.message;
}

/** The code of the innermost cause, of the system or of PostgreSQL; empty if it has none. */
export function codeOf(error: unknown): string {
  const root = rootOf(error);
  return root instanceof Error && 'code' in root ? String(root.code) : '';
}

function rootOf(error: unknown): unknown {
  let root = error;
  while (root instanceof Error && root.cause instanceof Error) root = root.cause;
  return root;
}

/** `3 keys`, `1 key`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
