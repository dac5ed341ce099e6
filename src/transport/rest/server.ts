import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Log } from '../../log.ts';
import type { Connection } from '../connection.ts';
import type { Wire } from '../listener.ts';
import type { Peers } from '../peers.ts';
import { requestIdOf } from '../request_id.ts';
import type { Exchange } from './exchange.ts';
import { MOST_HEADER_BYTES } from './framing/defect.ts';
import { defectOf } from './framing/checks.ts';
import type { RestHandler } from './handler.ts';
import { Headers } from './headers.ts';
import { Line } from './line.ts';

export interface RestServerParts {
  readonly handler: RestHandler;
  readonly peers: Peers;
  readonly log: Log;
}

/** Time to send the headers, to send a whole request, and to keep an idle connection, looked at every two seconds; milliseconds. */
const TIMES = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 75_000, connectionsCheckingInterval: 2_000 };

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
        // Of a request that broke off there may be an answer on the way.
        if (response.writableEnded) return;
        // Either way nothing more can be said here.
        if (request.socket.destroyed) parts.log.debug('a connection broke before its request was complete');
        else parts.log.error({ err: error }, 'a request ended without an answer');
        response.destroy();
      });
    };
    this.#server = createServer({ ...TIMES, maxHeaderSize: MOST_HEADER_BYTES, requireHostHeader: false }, serve);
    // Headers are counted here: some versions of node drop those beyond the limit without a word.
    this.#server.maxHeadersCount = 0;
    // Left to node, every body that is announced would be asked for, however large (RFC 9110 section 10.1.1).
    this.#server.on('checkContinue', serve);
    // Left to node, this and what its parser refuses would be answered without an envelope.
    this.#server.on('checkExpectation', serve);
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#lines.get(socket as Socket)?.failed(error.code));
    // It never listens itself, and this is the event at which node begins to look at the times.
    this.#server.emit('listening');
  }

  take(connection: Connection): void {
    const { socket } = connection;
    socket.once('close', () => {
      this.#lines.delete(socket);
      this.#stopWhenEmpty();
    });
    this.#server.emit('connection', socket);
    const { handler, peers } = this.#parts;
    this.#lines.set(socket, new Line(connection, { handler, peer: peers.addressOf(connection.address, []) }));
  }

  drain(): void {
    this.#isDraining = true;
    for (const line of this.#lines.values()) line.closeAfterLast();
  }

  finish(): void {
    this.drain();
    this.#isFinishing = true;
    this.#parts.handler.finish();
    for (const [socket, { isAtRest }] of this.#lines) if (isAtRest) socket.destroy();
    this.#stopWhenEmpty();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const line = this.#lines.get(request.socket);
    // What node had read of a connection that was closed, or refused, meanwhile.
    if (line === undefined || request.socket.destroyed || line.isRefused) return;
    const { connection } = line;
    const headers = new Headers(request.rawHeaders);
    const { handler, peers } = this.#parts;
    const defect = defectOf(request, headers);
    const requestId = requestIdOf(headers.get('x-request-id'), handler.serviceOf(request.url ?? '', defect).rules);
    const peer = peers.addressOf(connection.address, headers.all('x-forwarded-for'));
    const exchange: Exchange = { request, response, connection, headers, requestId, peer, atEnd: [] };
    if (!line.add(exchange)) return;
    if (this.#isDraining) line.closeAfterLast();
    await (defect === undefined ? handler.handle(exchange) : line.refuse(exchange, defect));
  }

  /** Nobody listens; what remains for node is to stop looking at the times once the last connection has ended. */
  #stopWhenEmpty(): void {
    if (this.#isFinishing && this.#lines.size === 0) this.#server.close();
  }
}
