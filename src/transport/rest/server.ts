import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import { newStanding } from '../../call/call.ts';
import type { IncomingCall, Outcome, Refusal, Standing } from '../../call/call.ts';
import type { Pipeline } from '../../call/pipeline.ts';
import { FaultError } from '../../contract/fault.ts';
import type { Service } from '../../contract/model.ts';
import type { Log } from '../../log.ts';
import type { Connection } from '../connection.ts';
import type { Wire } from '../listener.ts';
import type { Peers } from '../peers.ts';
import { requestIdOf } from '../request_id.ts';
import { headerName, send } from './answer.ts';
import type { RestAnswer } from './answer.ts';
import { Bodies } from './bodies.ts';
import type { RawBody } from './bodies.ts';
import { writeRefusal } from './envelopes.ts';
import type { EnvelopeSettings } from './envelopes.ts';
import { Headers } from './headers.ts';
import type { Found, Route, Transcoder } from './index.ts';
import { UnreadAnswers } from './unread.ts';

/** A page beside the API, such as `/livez`: answered to GET and HEAD, by path. */
export type Page = () => Promise<{ status: number; contentType: string; body: string }>;

export interface RestServerParts {
  readonly transcoder: Transcoder;
  readonly pipeline: Pipeline;
  readonly pages: ReadonlyMap<string, Page>;
  readonly envelopes: EnvelopeSettings;
  readonly peers: Peers;
  readonly log: Log;
  /** Is called when the bytes of a call's answer are out. */
  readonly replied?: () => void;
}

/** Time to send the headers, to send a whole request, and to keep an idle connection, looked at every two seconds; milliseconds. */
const TIMES = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 75_000, connectionsCheckingInterval: 2_000 };
const MOST_HEADER_BYTES = 16_384;
const MOST_HEADERS = 100;
/** Requests that one connection may send before the first of them is answered; hardly any client sends two. */
const MOST_PIPELINED = 8;

const PAGE_METHODS = ['GET', 'HEAD', 'OPTIONS'];
const REQUEST_ID = 'X-Request-ID';
const JSON_TYPE = 'application/json';

/** A request with what every step needs of it. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly connection: Connection;
  readonly headers: Headers;
  readonly requestId: string;
  readonly peer: string;
}

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
  readonly #bodies = new Bodies();
  readonly #unread = new UnreadAnswers();
  readonly #inFlight = new Set<ServerResponse>();
  #isDraining = false;
  #isFinishing = false;

  constructor(parts: RestServerParts) {
    this.#parts = parts;
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      this.#serve(request, response).catch((error: unknown) => {
        // Either way nothing more can be said here.
        if (request.destroyed) parts.log.debug('a connection broke before its request was complete');
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
    });
    this.#server.emit('connection', socket);
  }

  drain(): void {
    this.#isDraining = true;
    for (const response of this.#inFlight) response.shouldKeepAlive = false;
  }

  finish(): void {
    this.drain();
    this.#isFinishing = true;
    for (const [socket, { responses }] of this.#lines) if (responses.size === 0) socket.destroy();
    // Nobody listens; what remains for node is to stop looking at the times once the last call has ended.
    this.#stopWhenIdle();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const line = this.#lines.get(request.socket);
    // What node had read of a connection that was closed meanwhile.
    if (line === undefined || request.socket.destroyed || !this.#watch(response, line)) return;
    const { connection } = line;
    const { method = '', url = '' } = request;
    const page = this.#parts.pages.get(url.split('?', 1)[0] ?? '');
    if (page !== undefined && (method === 'GET' || method === 'HEAD')) return this.#send(response, { headers: [], ...(await page()) });
    const headers = new Headers(request.rawHeaders);
    const requestId = requestIdOf(headers.get('x-request-id'));
    const peer = this.#parts.peers.addressOf(connection.address, headers.all('x-forwarded-for'));
    const exchange: Exchange = { request, response, connection, headers, requestId, peer };
    const found = page === undefined ? this.#parts.transcoder.find(method, url) : this.#otherMethodOfPage(method, url);
    switch (found.kind) {
      case 'route':
        return this.#call(exchange, found);
      case 'options':
        return this.#send(response, { status: 204, headers: [[REQUEST_ID, requestId], allowOf(found.allow)] });
      default:
        return this.#unrouted(exchange, found.service, found.fault, found.allow);
    }
  }

  /** Counts the request until its answer is out. False if it is one too many. */
  #watch(response: ServerResponse, { connection, responses }: Line): boolean {
    responses.add(response);
    this.#inFlight.add(response);
    response.once('close', () => {
      responses.delete(response);
      this.#inFlight.delete(response);
      this.#stopWhenIdle();
    });
    if (this.#isDraining) response.shouldKeepAlive = false;
    if (responses.size <= MOST_PIPELINED) return true;
    connection.socket.destroy();
    return false;
  }

  #stopWhenIdle(): void {
    if (this.#isFinishing && this.#inFlight.size === 0) this.#server.close();
  }

  #otherMethodOfPage(method: string, url: string): Found {
    if (method === 'OPTIONS') return { kind: 'options', allow: PAGE_METHODS };
    const found = this.#parts.transcoder.find(method, url);
    return found.kind === 'fault' ? { ...found, fault: Fault.FAULT_METHOD_NOT_ALLOWED, allow: PAGE_METHODS } : found;
  }

  async #unrouted(exchange: Exchange, service: Service, fault: Fault, allow: readonly string[]): Promise<void> {
    const { request, response, requestId, peer } = exchange;
    callBegins(exchange);
    request.resume();
    const signal = signalOf(response);
    const refusal = await this.#parts.pipeline.refuseUnrouted({ requestId, peer, standing: standingOf(exchange), signal }, service, fault);
    this.#refuse(exchange, refusal, allow.length > 0 ? [allowOf(allow)] : []);
  }

  async #call(exchange: Exchange, { route, variables }: Found & { kind: 'route' }): Promise<void> {
    const { request, response, headers, requestId, peer } = exchange;
    if (this.#parts.replied !== undefined) response.once('finish', this.#parts.replied);
    const { endpoint, binding } = route;
    const most = endpoint.method.rules.maxBodyBytes;
    const isAwaiting = headers.get('expect') !== undefined && request.httpVersion === '1.1';
    if (isAwaiting && Number(headers.get('content-length') ?? 0) <= most) response.writeContinue();
    const body = await this.#bodies.read(request, most, (release) => response.once('close', release));
    const query = /\?(.*)$/s.exec(request.url ?? '')?.[1];
    const call: IncomingCall = {
      wire: 'rest',
      method: endpoint.method,
      requestId,
      peer,
      standing: standingOf(exchange),
      metadata: headers,
      bodyBytes: body.size,
      signal: signalOf(response),
      decode: () => endpoint.decode(binding.read({ variables, query, body: typedBody(body, headers) })),
    };
    callBegins(exchange);
    this.#answer(exchange, route, await this.#parts.pipeline.run(call));
  }

  #answer(exchange: Exchange, { endpoint, binding }: Route, outcome: Outcome): void {
    if (!outcome.ok) return this.#refuse(exchange, outcome, []);
    const headers: [string, string][] = [[REQUEST_ID, exchange.requestId], ...headersOf(outcome)];
    const body = binding.write(endpoint.encode(outcome.message));
    this.#send(exchange.response, { status: outcome.status, headers, contentType: JSON_TYPE, body });
  }

  #send(response: ServerResponse, answer: RestAnswer): void {
    send(response, answer);
    this.#unread.written(response);
  }

  #refuse({ response, requestId }: Exchange, refusal: Refusal, more: readonly [string, string][]): void {
    const { status, body } = writeRefusal(refusal, requestId, this.#parts.envelopes);
    const headers: [string, string][] = [[REQUEST_ID, requestId], ...more, ...headersOf(refusal)];
    if (status === 401) headers.push(['WWW-Authenticate', 'Bearer']);
    this.#send(response, { status, headers, contentType: JSON_TYPE, body });
  }
}

/** Behind a proxy a connection tells nothing of those who call over it. */
function standingOf({ connection, peer }: Exchange): Standing {
  return connection.peer === peer ? connection.standing : newStanding();
}

/** From now on the connection is not waiting for its caller, until the answer is out. */
function callBegins({ connection, response }: Exchange): void {
  connection.callBegins();
  response.once('close', () => connection.callEnds());
}

function allowOf(methods: readonly string[]): [string, string] {
  return ['Allow', methods.join(', ')];
}

function headersOf({ metadata }: Outcome): [string, string][] {
  return Array.from(metadata, ([name, value]) => [headerName(name), value]);
}

function typedBody(body: RawBody, headers: Headers) {
  return {
    bytes: body.bytes,
    contentType: headers.get('content-type'),
    contentTypeRepeated: headers.isRepeated('content-type'),
    contentEncoding: headers.get('content-encoding'),
  };
}

function signalOf(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new FaultError(Fault.FAULT_CANCELLED, 'the caller went away'));
  });
  return controller.signal;
}
