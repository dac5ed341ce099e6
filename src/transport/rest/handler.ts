import type { ServerResponse } from 'node:http';
import { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import type { IncomingCall, Outcome } from '../../call/call.ts';
import type { Pipeline, Unrouted } from '../../call/pipeline.ts';
import type { Service } from '../../contract/model.ts';
import { OpenStreams } from '../open_streams.ts';
import { send } from './answer.ts';
import type { RestAnswer } from './answer.ts';
import { Bodies } from './body/bodies.ts';
import type { RawBody } from './body/bodies.ts';
import { firstOf, deadlineOf, malformedTimeout, timeoutOf } from './deadline.ts';
import type { EnvelopeSettings } from './envelopes.ts';
import { callBegins, signalOf } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import type { Defect } from './framing/defect.ts';
import type { Headers } from './headers.ts';
import type { Found, Route, Transcoder } from './index.ts';
import { LineStream } from './line_stream.ts';
import { JSON_TYPE, REQUEST_ID, Refusals, headersOf, refusalOf } from './refusals.ts';
import { UnreadAnswers } from './unread.ts';

/** A page beside the API, such as `/livez`: answered to GET and HEAD, by path. */
export type Page = () => Promise<{ status: number; contentType: string; body: string }>;

export interface RestHandlerParts {
  readonly transcoder: Transcoder;
  readonly pipeline: Pipeline;
  readonly pages: ReadonlyMap<string, Page>;
  readonly envelopes: EnvelopeSettings;
  /** Is called when the bytes of a call's answer are out. */
  readonly replied?: () => void;
}

const PAGE_METHODS = ['GET', 'HEAD', 'OPTIONS'];
const NO_BODY: RawBody = { bytes: new Uint8Array(), size: 0 };

/** From a request to its answer: finds what serves it, reads its body, runs the call and writes what came of it. */
export class RestHandler {
  readonly #parts: RestHandlerParts;
  readonly #bodies = new Bodies();
  readonly #unread = new UnreadAnswers();
  readonly #streams = new OpenStreams();
  /** Also for requests that never get this far. */
  readonly refusals: Refusals;

  constructor(parts: RestHandlerParts) {
    this.#parts = parts;
    const { transcoder, pipeline, envelopes } = parts;
    this.refusals = new Refusals({ pipeline, envelopes, ownerOf: (target) => transcoder.ownerOf(target) });
  }

  /** Ends the streams. What else is in flight goes on. */
  finish(): void {
    this.#streams.end();
  }

  /** Rejects if there is no way to answer, such as when the connection breaks. */
  async handle(exchange: Exchange): Promise<void> {
    const { request, response, requestId } = exchange;
    const { method = '', url = '' } = request;
    const page = this.#parts.pages.get(url.split('?', 1)[0] ?? '');
    if (page !== undefined && (method === 'GET' || method === 'HEAD')) return this.#send(response, { headers: [], ...(await page()) });
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

  #otherMethodOfPage(method: string, url: string): Found {
    if (method === 'OPTIONS') return { kind: 'options', allow: PAGE_METHODS };
    const found = this.#parts.transcoder.find(method, url);
    return found.kind === 'fault' ? { ...found, fault: Fault.FAULT_METHOD_NOT_ALLOWED, allow: PAGE_METHODS } : found;
  }

  /** Answers a request that is wrong in form, unless that is done already. */
  async refuse(exchange: Exchange, defect: Defect): Promise<void> {
    callBegins(exchange);
    const answer = await this.refusals.malformed(arrivalOf(exchange), defect, exchange.request.url ?? '');
    if (!exchange.response.headersSent) this.#send(exchange.response, answer);
  }

  async #unrouted(exchange: Exchange, service: Service, fault: Fault, allow: readonly string[]): Promise<void> {
    callBegins(exchange);
    exchange.request.resume();
    const more = allow.length > 0 ? [allowOf(allow)] : [];
    this.#send(exchange.response, await this.refusals.unrouted(arrivalOf(exchange), service, fault, more));
  }

  async #call(exchange: Exchange, { route, variables }: Found & { kind: 'route' }): Promise<void> {
    const { request, response, connection, headers, requestId, peer } = exchange;
    if (this.#parts.replied !== undefined) response.once('finish', this.#parts.replied);
    const { endpoint, binding } = route;
    const { service, rules } = endpoint.method;
    const timeout = timeoutOf(headers);
    const signal = signalOf(response, timeout);
    const late = timeout === undefined || timeout === 'malformed' ? undefined : deadlineOf(signal);
    let release: (() => void) | undefined;
    const read = await firstOf(this.#body(exchange, rules.maxBodyBytes, (free) => (release = free)), late);
    if (read === 'late') return this.#unrouted(exchange, service, Fault.FAULT_DEADLINE_EXCEEDED, []);
    let body = read;
    const query = /\?(.*)$/s.exec(request.url ?? '')?.[1];
    const call: IncomingCall = {
      wire: 'rest',
      method: endpoint.method,
      requestId,
      peer,
      standing: connection.standingOf(peer),
      metadata: headers,
      bodyBytes: body.size,
      signal,
      decode: () => {
        if (timeout === 'malformed') throw malformedTimeout();
        return endpoint.decode(binding.read({ variables, query, body: typedBody(body, headers) }));
      },
    };
    callBegins(exchange);
    if (endpoint.method.isStream) {
      return this.#stream(exchange, route, call, () => {
        body = NO_BODY;
        release?.();
      });
    }
    const outcome = await firstOf(this.#parts.pipeline.run(call), late);
    // As over gRPC: the caller is told at once, and the call goes on to its end.
    if (outcome === 'late') this.#send(response, this.refusals.write(refusalOf(service, Fault.FAULT_DEADLINE_EXCEEDED), service, requestId));
    else this.#answer(exchange, route, outcome);
  }

  #body({ request, response, headers }: Exchange, most: number, held: (release: () => void) => void): Promise<RawBody> {
    const isAwaiting = headers.get('expect') !== undefined && request.httpVersion === '1.1';
    if (isAwaiting && Number(headers.get('content-length') ?? 0) <= most) response.writeContinue();
    return this.#bodies.read(request, most, (release) => {
      held(release);
      response.once('close', release);
    });
  }

  /** `begun` is called when the stream begins, which may then go on for hours. */
  async #stream(exchange: Exchange, { endpoint, binding }: Route, call: IncomingCall, begun: () => void): Promise<void> {
    const { response, requestId } = exchange;
    const lines = new LineStream({
      response,
      write: (message) => binding.write(endpoint.encode(message)),
      headersOf: (head) => [[REQUEST_ID, requestId], ...headersOf(head)],
      begun,
      unread: this.#unread,
    });
    const stream = this.#streams.open(call.signal);
    const outcome = await this.#parts.pipeline.stream({ ...call, signal: stream.signal }, lines);
    stream.close();
    if (!outcome.ok && !response.headersSent) this.#send(response, this.refusals.write(outcome, endpoint.method.service, requestId));
    else lines.end(outcome);
  }

  #answer(exchange: Exchange, { endpoint, binding }: Route, outcome: Outcome): void {
    if (!outcome.ok) return this.#send(exchange.response, this.refusals.write(outcome, endpoint.method.service, exchange.requestId));
    const headers: [string, string][] = [[REQUEST_ID, exchange.requestId], ...headersOf(outcome)];
    const body = binding.write(endpoint.encode(outcome.message));
    this.#send(exchange.response, { status: outcome.status, headers, contentType: JSON_TYPE, body });
  }

  #send(response: ServerResponse, answer: RestAnswer): void {
    send(response, answer);
    this.#unread.written(response);
  }
}

function arrivalOf({ connection, requestId, peer, response }: Exchange): Unrouted {
  return { requestId, peer, standing: connection.standingOf(peer), signal: signalOf(response) };
}

function allowOf(methods: readonly string[]): [string, string] {
  return ['Allow', methods.join(', ')];
}

function typedBody(body: RawBody, headers: Headers) {
  return {
    bytes: body.bytes,
    contentType: headers.get('content-type'),
    contentTypeRepeated: headers.isRepeated('content-type'),
    contentEncoding: headers.get('content-encoding'),
  };
}
