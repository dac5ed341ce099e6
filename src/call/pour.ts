import { FaultError } from '../contract/fault.ts';

/** How long the handler of a stream may take to end once nobody wants it any more, milliseconds. */
const PATIENCE = 5_000;
/** So many messages in a row, and then everybody else has a turn. */
const IN_A_ROW = 16;

export interface Pouring {
  readonly messages: AsyncIterable<object>;
  /** Aborts when nobody wants them any more. */
  readonly signal: AbortSignal;
  /** Is called before the first message, at the latest one turn of the event loop after the handler was asked for it. */
  readonly begin: () => void;
  readonly send: (message: object) => Promise<void>;
}

/**
 * Sends the messages of a handler one by one, each when there is room for it.
 * Rejects with what the handler threw, unless the signal has aborted: then with
 * its reason, at once. In any case the handler has ended by then: its `return` is
 * called and awaited, for as long as a handler may reasonably take. What that
 * throws goes before all else.
 */
export async function pour({ messages, signal, begin, send }: Pouring): Promise<void> {
  const iterator = messages[Symbol.asyncIterator]();
  let step: IteratorResult<object> | undefined;
  try {
    signal.throwIfAborted();
    const first = unlessAborted(signal, iterator.next());
    await Promise.race([first, turnOfLoop()]);
    begin();
    step = await first;
    for (let sent = 1; step.done !== true; sent += 1) {
      await unlessAborted(signal, send(step.value));
      if (sent % IN_A_ROW === 0) await turnOfLoop();
      step = await unlessAborted(signal, iterator.next());
    }
  } finally {
    if (step?.done !== true) await inTime(Promise.resolve(iterator.return?.()), signal.reason);
  }
}

/** What a handler has returned, if it is a stream. `path` is its method's. */
export function streamOf(path: string, answer: object): AsyncIterable<object> {
  if (Symbol.asyncIterator in answer) return answer as AsyncIterable<object>;
  throw new Error(`${path} has returned no stream`);
}

/** What the promise comes to, unless the signal aborts first. Not by Promise.race, which keeps all that was raced until the signal aborts. */
function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    const settle = (run: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      // A handler that heard of it first may have ended as if all was well, or with an error of its own.
      if (signal.aborted) onAbort();
      else run();
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}

function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Rejects if the handler does not end in time. `why` it was told to is what its caller hears of then, too. */
function inTime(ended: Promise<unknown>, why: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      const detail = `the handler of a stream has not ended ${PATIENCE} ms after it was told to`;
      reject(why instanceof FaultError ? new FaultError(why.fault, detail, [], { cause: why }) : new Error(detail));
    }, PATIENCE);
    ended.then(resolve, reject).finally(() => clearTimeout(late));
  });
}
