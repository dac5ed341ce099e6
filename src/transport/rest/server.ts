import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import type { IncomingCall, Outcome, Refusal } from '../../call/call.ts';
import type { Observer } from '../../call/observer.ts';
import type { Pipeline } from '../../call/pipeline.ts';
import { refuseFault } from '../../call/refusal.ts';
import { FaultError } from '../../contract/fault.ts';
import type { Log } from '../../log.ts';
import type { Address, Listener } from '../listener.ts';
import { requestIdOf } from '../request_id.ts';
import { readBody } from './body.ts';
import type { RawBody } from './body.ts';
import { writeRefusal } from './envelopes.ts';
import type { EnvelopeSettings } from './envelopes.ts';
import { Headers } from './headers.ts';
import type { Found, Route, Transcoder } from './index.ts';

/** A page beside the API, such as `/livez`: answered to GET and HEAD, by path. */
export type Page = () => Promise<{ status: number; contentType: string; body: string }>;

export interface RestServerParts {
  readonly transcoder: Transcoder;
  readonly pipeline: Pipeline;
  readonly observer: Observer;
  readonly pages: ReadonlyMap<string, Page>;
  readonly envelopes: EnvelopeSettings;
  readonly log: Log;
}

/** Time to send the headers, to send a whole request, and to keep an idle connection, looked at every two seconds; milliseconds. */
const TIMEOUTS = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 75_000, connectionsCheckingInterval: 2_000 };
const MOST_HEADER_BYTES = 16_384;

const PAGE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/** How long a caller may go on sending a body that was refused, milliseconds. */
const LINGER = 2_000;

/** The REST side, over HTTP/1.1. */
export class RestServer implements Listener {
  readonly #parts: RestServerParts;
  readonly #server: Server;
  /** Connections without a request in flight. */
  readonly #silent = new Set<Socket>();
  readonly #inFlight = new Set<ServerResponse>();
  #isClosing = false;

  constructor(parts: RestServerParts) {
    this.#parts = parts;
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      this.#serve(request, response).catch((error: unknown) => {
        // The connection broke, or the program has a fault; either way nothing more can be said here.
        parts.log.warn({ err: error }, 'a request ended without an answer');
        response.destroy();
      });
    };
    this.#server = createServer({ ...TIMEOUTS, maxHeaderSize: MOST_HEADER_BYTES }, serve);
    // Left to node, every body that is announced would be asked for, however large (RFC 9110 section 10.1.1).
    this.#server.on('checkContinue', serve);
    this.#server.on('connection', (socket) => {
      this.#silent.add(socket);
      socket.once('close', () => this.#silent.delete(socket));
    });
  }

  listen(address: Address): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(address.port, address.host, () => {
        this.#server.off('error', reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  close(graceMilliseconds: number): Promise<void> {
    this.#isClosing = true;
    for (const response of this.#inFlight) response.shouldKeepAlive = false;
    // Node closes connections between two requests by itself, but not those that have sent nothing or half a request.
    for (const socket of this.#silent) socket.destroy();
    return new Promise((resolve) => {
      const cut = setTimeout(() => this.#server.closeAllConnections(), graceMilliseconds);
      this.#server.close(() => {
        clearTimeout(cut);
        resolve();
      });
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    this.#silent.delete(request.socket);
    this.#inFlight.add(response);
    response.once('close', () => {
      this.#inFlight.delete(response);
      if (!request.socket.destroyed) this.#silent.add(request.socket);
    });
    if (this.#isClosing) response.shouldKeepAlive = false;
    const page = this.#parts.pages.get(url.split('?', 1)[0] ?? '');
    if (page !== undefined && (method === 'GET' || method === 'HEAD')) return sendPage(response, await page());
    const headers = new Headers(request.rawHeaders);
    const requestId = requestIdOf(headers.get('x-request-id'));
    response.setHeader('X-Request-ID', requestId);
    const found = page === undefined ? this.#parts.transcoder.find(method, url) : this.#otherMethodOfPage(method, url);
    if (found.kind === 'route') return this.#call(request, response, headers, requestId, found);
    if (found.allow.length > 0) response.setHeader('Allow', found.allow.join(', '));
    if (found.kind === 'options') return send(response, 204);
    const refusal = refuseFault(found.service, new FaultError(found.fault, 'no route'));
    this.#parts.observer.unrouted({ requestId, peer: addressOf(request) }, refusal);
    return this.#refuse(response, refusal, requestId);
  }

  #otherMethodOfPage(method: string, url: string): Found {
    if (method === 'OPTIONS') return { kind: 'options', allow: PAGE_METHODS };
    const found = this.#parts.transcoder.find(method, url);
    return found.kind === 'fault' ? { ...found, fault: Fault.FAULT_METHOD_NOT_ALLOWED, allow: PAGE_METHODS } : found;
  }

  async #call(
    request: IncomingMessage,
    response: ServerResponse,
    headers: Headers,
    requestId: string,
    { route, variables }: Found & { kind: 'route' },
  ): Promise<void> {
    const { endpoint, binding } = route;
    const most = endpoint.method.rules.maxBodyBytes;
    const isAwaiting = headers.get('expect') !== undefined && request.httpVersion === '1.1';
    if (isAwaiting && Number(headers.get('content-length') ?? 0) <= most) response.writeContinue();
    const body = await readBody(request, most);
    const query = /\?(.*)$/s.exec(request.url ?? '')?.[1];
    const call: IncomingCall = {
      wire: 'rest',
      method: endpoint.method,
      requestId,
      peer: addressOf(request),
      metadata: headers,
      bodyBytes: body.size,
      signal: signalOf(response),
      decode: () => endpoint.decode(binding.read({ variables, query, body: typedBody(body, headers) })),
    };
    this.#answer(response, route, await this.#parts.pipeline.run(call), requestId);
  }

  #answer(response: ServerResponse, { endpoint, binding }: Route, outcome: Outcome, requestId: string): void {
    if (!outcome.ok) return this.#refuse(response, outcome, requestId);
    for (const [name, value] of outcome.metadata) response.setHeader(headerName(name), value);
    return send(response, outcome.status, 'application/json', binding.write(endpoint.encode(outcome.message)));
  }

  #refuse(response: ServerResponse, refusal: Refusal, requestId: string): void {
    const { status, body } = writeRefusal(refusal, requestId, this.#parts.envelopes);
    for (const [name, value] of refusal.metadata) response.setHeader(headerName(name), value);
    if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
    send(response, status, 'application/json', body);
  }
}

function typedBody(body: RawBody, headers: Headers) {
  return {
    bytes: body.bytes,
    contentType: headers.get('content-type'),
    contentTypeRepeated: headers.isRepeated('content-type'),
    contentEncoding: headers.get('content-encoding'),
  };
}

function addressOf(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? '';
}

function signalOf(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new FaultError(Fault.FAULT_CANCELLED, 'the caller went away'));
  });
  return controller.signal;
}

/** `idempotent-replayed` as it is customary: `Idempotent-Replayed`. */
function headerName(name: string): string {
  return name.replaceAll(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

/**
 * Drops what a caller still sends of a body that nobody wants. If its
 * connection were closed at once, it would be reset and the answer lost.
 */
function dropRest({ req: request }: ServerResponse): void {
  if (request.complete || !hasBody(request)) return;
  request.resume();
  const cut = setTimeout(() => request.socket.destroy(), LINGER);
  request.once('close', () => clearTimeout(cut));
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function sendPage(response: ServerResponse, page: Awaited<ReturnType<Page>>): void {
  response.setHeader('Cache-Control', 'no-store');
  send(response, page.status, page.contentType, page.body);
}

function send(response: ServerResponse, status: number, contentType?: string, body?: string): void {
  dropRest(response);
  if (contentType !== undefined) response.setHeader('Content-Type', contentType);
  if (body !== undefined) response.setHeader('Content-Length', Buffer.byteLength(body));
  response.writeHead(status);
  response.end(body);
}
