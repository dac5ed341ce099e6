import type { CallOptions } from './options.ts';

/** What ends a call early. */
export interface Deadline {
  readonly signal: AbortSignal | undefined;
  /** From now on only the caller's own signal does. */
  lift(): void;
}

/** The caller's signal, and an end after so many milliseconds. */
export function deadlineOf(ofClient: number | undefined, { signal, timeout = ofClient }: CallOptions): Deadline {
  if (timeout === undefined) return { signal, lift: () => {} };
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException(`no answer within ${timeout} ms`, 'TimeoutError')), timeout);
  return {
    signal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]),
    lift: () => clearTimeout(timer),
  };
}
