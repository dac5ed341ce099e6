import type { Connection } from '../connection.ts';
import { requestIdOf } from '../request_id.ts';
import { sendLast } from './answer.ts';
import type { Exchange } from './exchange.ts';
import { TOO_SLOW } from './framing/defect.ts';
import type { Defect } from './framing/defect.ts';
import { defectOfError } from './framing/checks.ts';
import type { Framing } from './framing/framing.ts';
import { watchFraming } from './framing/watch.ts';
import type { RestHandler } from './handler.ts';

/** Requests that one connection may send before the first of them is answered; hardly any client sends two. */
const MOST_PIPELINED = 8;
/** As node names that a request was not complete in time. */
const TIMEOUT = 'ERR_HTTP_REQUEST_TIMEOUT';

export interface LineParts {
  readonly handler: RestHandler;
  /** The address at its other end, to which bytes are charged that are no request. */
  readonly peer: string;
}

/**
 * A connection of the HTTP server with its requests whose answers are not out
 * yet. Once a request is refused for its form, no other is read: answers to
 * those before it still go out, then its own, and the connection closes.
 */
export class Line {
  readonly connection: Connection;
  readonly #parts: LineParts;
  readonly #framing: Framing;
  /** In the order in which they came. */
  readonly #open = new Set<Exchange>();
  /** The last request, whether it is answered or not. */
  #last: Exchange | undefined;
  /** Whether nothing more is read. */
  isRefused = false;
  /** Waits for the last answer. */
  #onRest: (() => void) | undefined;

  /** Of a connection that the server has taken over. */
  constructor(connection: Connection, parts: LineParts) {
    this.connection = connection;
    this.#parts = parts;
    const { socket } = connection;
    this.#framing = watchFraming(socket, () => this.#stopped());
    socket.once('close', () => {
      // Node tells the first response only; those behind it would never hear that their caller is gone.
      for (const { response } of this.#open) response.emit('close');
    });
  }

  get isAtRest(): boolean {
    return this.#open.size === 0;
  }

  /** Counts a request until its answer is out. False, and the connection closed, if it is one too many. */
  add(exchange: Exchange): boolean {
    this.#open.add(exchange);
    this.#last = exchange;
    exchange.response.once('close', () => {
      this.#open.delete(exchange);
      if (this.isAtRest) this.#onRest?.();
      for (const act of exchange.atEnd) act();
    });
    if (this.#open.size <= MOST_PIPELINED) return true;
    this.connection.socket.destroy();
    return false;
  }

  /** Of pipelined requests each gets its answer; the connection ends after the last one. */
  closeAfterLast(): void {
    const last = [...this.#open].at(-1);
    for (const exchange of this.#open) exchange.response.shouldKeepAlive = exchange !== last;
    // Its head has promised that the connection goes on.
    if (last?.response.headersSent === true && !this.isRefused) this.#whenAtRest(() => this.connection.socket.destroySoon());
  }

  /** Refuses a request whose head was read. */
  refuse(exchange: Exchange, defect: Defect): Promise<void> {
    this.isRefused = true;
    exchange.response.shouldKeepAlive = false;
    exchange.request.resume();
    return this.#parts.handler.refuse(exchange, defect);
  }

  /** The HTTP server has found an error, of which it tells the code, and reads no more. */
  failed(code: string | undefined): void {
    if (this.isRefused) {
      // Nothing may wait for the rest of a request for ever.
      if (code === TIMEOUT && this.#last?.request.complete === false) this.connection.socket.destroy();
      return;
    }
    if (this.#framing.isCut) return this.#stopped();
    this.isRefused = true;
    // Behind the last request of a connection nothing is read (RFC 9112 section 9.6).
    if (code !== 'HPE_CLOSED_CONNECTION') this.#end(this.#defectOf(code));
  }

  /** Bytes were refused, or cut off behind the last request, which has its answer nevertheless. */
  #stopped(): void {
    const last = this.#last;
    if (this.isRefused) return;
    this.isRefused = true;
    if (this.#framing.defect !== undefined) this.#end(this.#framing.defect);
    else if (last?.response.headersSent === false) last.response.shouldKeepAlive = false;
    else this.#whenAtRest(() => this.connection.socket.destroySoon());
  }

  /** Undefined: there is nobody to answer. */
  #end(defect: Defect | undefined): void {
    const { socket } = this.connection;
    const last = this.#last;
    if (defect === undefined || !socket.writable) socket.destroy();
    else if (last === undefined || last.request.complete) this.#whenAtRest(() => void this.#refuseBytes(defect).catch(() => socket.destroy()));
    else if (last.response.headersSent) this.#whenAtRest(() => socket.destroySoon());
    else this.refuse(last, defect).catch(() => socket.destroy());
  }

  #defectOf(code: string | undefined): Defect | undefined {
    if (this.#framing.defect !== undefined) return this.#framing.defect;
    // Nobody waits for an answer who has not begun to ask.
    if (code === TIMEOUT) return this.#framing.isWithin ? TOO_SLOW : undefined;
    return defectOfError(code);
  }

  #whenAtRest(act: () => void): void {
    if (this.isAtRest) act();
    else this.#onRest = act;
  }

  async #refuseBytes(defect: Defect): Promise<void> {
    const { connection } = this;
    const { socket } = connection;
    const { handler, peer } = this.#parts;
    const gone = new AbortController();
    socket.once('close', () => gone.abort());
    connection.callBegins();
    const service = handler.serviceOf(this.#framing.target, defect);
    const request = { requestId: requestIdOf(undefined, service.rules), peer, standing: connection.standingOf(peer), signal: gone.signal };
    const answer = await handler.refusals.malformed(request, defect, service);
    connection.callEnds();
    if (socket.writable) sendLast(socket, answer);
  }
}
