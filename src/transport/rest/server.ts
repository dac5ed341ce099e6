import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Log } from '../../log.ts';
import type { Connection } from '../connection.ts';
import type { Wire } from '../listener.ts';
import type { Peers } from '../peers.ts';
import { requestIdOf } from '../request_id.ts';
import type { RestHandler } from './handler.ts';
import { Headers } from './headers.ts';
import { watchForTorrents } from './torrent.ts';

export interface RestServerParts {
  readonly handler: RestHandler;
  readonly peers: Peers;
  readonly log: Log;
}

/** Time to send the headers, to send a whole request, and to keep an idle connection, looked at every two seconds; milliseconds. */
const TIMES = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 75_000, connectionsCheckingInterval: 2_000 };
const MOST_HEADER_BYTES = 16_384;
const MOST_HEADERS = 100;
/** Requests that one connection may send before the first of them is answered; hardly any client sends two. */
const MOST_PIPELINED = 8;

/** A connection with the answers that have not gone yet. */
interface Line {
  readonly connection: Connection;
  readonly responses: Set<ServerResponse>;
}

/** The REST side, over HTTP/1.1. */
export class RestServer implements Wire {
  readonly #parts: RestServerParts;
  readonly #server: Server;
  readonly #lines = new Map<Socket, Line>();
  #isDraining = false;
  #isFinishing = false;

  constructor(parts: RestServerParts) {
    this.#parts = parts;
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      this.#serve(request, response).catch((error: unknown) => {
        // Either way nothing more can be said here.
        if (request.socket.destroyed) parts.log.debug('a connection broke before its request was complete');
        else parts.log.error({ err: error }, 'a request ended without an answer');
        response.destroy();
      });
    };
    this.#server = createServer({ ...TIMES, maxHeaderSize: MOST_HEADER_BYTES }, serve);
    this.#server.maxHeadersCount = MOST_HEADERS;
    // Left to node, every body that is announced would be asked for, however large (RFC 9110 section 10.1.1).
    this.#server.on('checkContinue', serve);
    // It never listens itself, and this is the event at which node begins to look at the times.
    this.#server.emit('listening');
  }

  take(connection: Connection): void {
    const { socket } = connection;
    const line: Line = { connection, responses: new Set() };
    this.#lines.set(socket, line);
    socket.once('close', () => {
      this.#lines.delete(socket);
      // Node tells the first response only; those behind it would never hear that their caller is gone.
      for (const response of line.responses) response.emit('close');
      this.#stopWhenEmpty();
    });
    this.#server.emit('connection', socket);
    watchForTorrents(socket);
  }

  drain(): void {
    this.#isDraining = true;
    for (const { responses } of this.#lines.values()) closeAfterLast(responses);
  }

  finish(): void {
    this.drain();
    this.#isFinishing = true;
    for (const [socket, { responses }] of this.#lines) if (responses.size === 0) socket.destroy();
    this.#stopWhenEmpty();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const line = this.#lines.get(request.socket);
    // What node had read of a connection that was closed meanwhile.
    if (line === undefined || request.socket.destroyed || !this.#watch(response, line)) return;
    const { connection } = line;
    const headers = new Headers(request.rawHeaders);
    const requestId = requestIdOf(headers.get('x-request-id'));
    const peer = this.#parts.peers.addressOf(connection.address, headers.all('x-forwarded-for'));
    return this.#parts.handler.handle({ request, response, connection, headers, requestId, peer });
  }

  /** Counts the request until its answer is out. False if it is one too many. */
  #watch(response: ServerResponse, { connection, responses }: Line): boolean {
    responses.add(response);
    response.once('close', () => responses.delete(response));
    if (this.#isDraining) closeAfterLast(responses);
    if (responses.size <= MOST_PIPELINED) return true;
    connection.socket.destroy();
    return false;
  }

  /** Nobody listens; what remains for node is to stop looking at the times once the last connection has ended. */
  #stopWhenEmpty(): void {
    if (this.#isFinishing && this.#lines.size === 0) this.#server.close();
  }
}

/** Of pipelined requests each gets its answer; the connection ends after the last one. */
function closeAfterLast(responses: ReadonlySet<ServerResponse>): void {
  const last = [...responses].at(-1);
  for (const response of responses) response.shouldKeepAlive = response !== last;
}
