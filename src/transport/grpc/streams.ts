import { ServerInterceptingCall, status } from '@grpc/grpc-js';
import type { ServerInterceptor } from '@grpc/grpc-js';
import type { Connection } from '../connection.ts';

/**
 * Streams at once: of all connections, and of those over which more calls were
 * refused than succeeded. Each takes up to 150 KB. Beyond them the connection
 * with the most is closed; proven ones, whose calls have all succeeded, last.
 */
const MOST = { ofAll: 1_024, ofRefused: 128 };
/** How long a caller may take to send its request whole, milliseconds. */
const PATIENCE = 30_000;

/**
 * The open streams of a server. grpc-js bounds those of one connection and not
 * how long they stay, and each one takes memory: those whose request never
 * comes whole, those whose answer is never read, and those that watch.
 */
export class Streams {
  readonly #connectionOf: (peer: string) => Connection | undefined;
  readonly #overloaded: () => void;
  readonly #open = new Map<Connection, { all: number; incomplete: number }>();
  #count = 0;

  /** `connectionOf` finds a connection by its address and port; `overloaded` hears of each that was closed for its streams. */
  constructor(connectionOf: (peer: string) => Connection | undefined, overloaded: () => void) {
    this.#connectionOf = connectionOf;
    this.#overloaded = overloaded;
  }

  /** Open streams. */
  get count(): number {
    return this.#count;
  }

  /** Whether a request over the connection has begun and has not come whole. */
  hasIncomplete(connection: Connection): boolean {
    return (this.#open.get(connection)?.incomplete ?? 0) > 0;
  }

  /** Watches every call of a server, whatever its method. */
  readonly interceptor: ServerInterceptor = (_method, call) => {
    const connection = this.#connectionOf(call.getPeer());
    const end = connection === undefined ? () => {} : this.#begin(connection);
    const complete = connection === undefined ? () => {} : this.#beginRequest(connection);
    const late = setTimeout(() => call.sendStatus({ code: status.DEADLINE_EXCEEDED, details: 'the request did not come whole in time' }), PATIENCE).unref();
    const whole = (): void => {
      clearTimeout(late);
      complete();
    };
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, forward) => forward(metadata),
          onReceiveMessage: (message, forward) => forward(message),
          onReceiveHalfClose: (forward) => {
            whole();
            forward();
          },
          onCancel: () => {
            whole();
            end();
          },
        }),
    });
  };

  #begin(connection: Connection): () => void {
    // What came before it was closed is of no interest any more.
    if (connection.socket.destroyed) return () => {};
    const own = this.#open.get(connection) ?? { all: 0, incomplete: 0 };
    this.#open.set(connection, own);
    own.all += 1;
    this.#count += 1;
    if (this.#count > MOST.ofAll) this.#makeRoom();
    else if (this.#count > MOST.ofRefused) this.#boundRefused();
    return once(() => {
      if (this.#open.get(connection) !== own) return;
      own.all -= 1;
      this.#count -= 1;
      if (own.all === 0) this.#open.delete(connection);
    });
  }

  #beginRequest(connection: Connection): () => void {
    const own = this.#open.get(connection);
    if (own !== undefined) own.incomplete += 1;
    return once(() => {
      if (own !== undefined) own.incomplete -= 1;
    });
  }

  /** Of connections over which calls have succeeded, and none was refused, only if all are such. */
  #makeRoom(): void {
    const all = [...this.#open.keys()];
    const others = all.filter(({ isProven }) => !isProven);
    this.#closeFullest(others.length > 0 ? others : all);
  }

  #boundRefused(): void {
    const refused = [...this.#open.keys()].filter(({ standing }) => standing.refusals > standing.successes);
    const streams = refused.reduce((sum, connection) => sum + this.#streamsOf(connection), 0);
    if (streams > MOST.ofRefused) this.#closeFullest(refused);
  }

  #closeFullest(connections: readonly Connection[]): void {
    const [first, ...others] = connections;
    if (first === undefined) return;
    const fullest = others.reduce((most, other) => (this.#streamsOf(other) > this.#streamsOf(most) ? other : most), first);
    this.#count -= this.#streamsOf(fullest);
    this.#open.delete(fullest);
    this.#overloaded();
    fullest.socket.destroy();
  }

  #streamsOf(connection: Connection): number {
    return this.#open.get(connection)?.all ?? 0;
  }
}

function once(run: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    run();
  };
}
