import type { ServerResponse } from 'node:http';
import { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import type { Pipeline } from '../../call/pipeline.ts';
import type { Service } from '../../contract/model.ts';
import { send } from './answer.ts';
import type { RestAnswer } from './answer.ts';
import { Calls } from './calls.ts';
import type { EnvelopeSettings } from './envelopes.ts';
import { arrivalOf, callBegins } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import type { Defect } from './framing/defect.ts';
import type { Headers } from './headers.ts';
import type { Found, Transcoder } from './index.ts';
import { REQUEST_ID, Refusals, allowOf } from './refusals.ts';
import { UnreadAnswers } from './unread.ts';

/** What a page may look at. */
export interface PageRequest {
  readonly headers: Headers;
  /** What stands behind the `?`, as it was sent. */
  readonly query: string;
}

/** A page beside the API, such as `/livez`: answered to GET and HEAD, by path. */
export type Page = (request: PageRequest) => Promise<Omit<RestAnswer, 'headers'> & Partial<Pick<RestAnswer, 'headers'>>>;

export interface RestHandlerParts {
  readonly transcoder: Transcoder;
  readonly pipeline: Pipeline;
  readonly pages: ReadonlyMap<string, Page>;
  readonly envelopes: EnvelopeSettings;
  /** Whether the operator's token counts here for the calls of applications too. */
  readonly takesOperator: boolean;
  /** Is called when the bytes of a call's answer are out. */
  readonly replied?: () => void;
}

const PAGE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/** From a request to its answer: finds what serves it, has its call run, or refuses it. */
export class RestHandler {
  readonly #parts: RestHandlerParts;
  readonly #calls: Calls;
  readonly #unread = new UnreadAnswers();
  /** Also for requests that never get this far. */
  readonly refusals: Refusals;

  constructor(parts: RestHandlerParts) {
    this.#parts = parts;
    const { pipeline, envelopes, takesOperator } = parts;
    this.refusals = new Refusals({ pipeline, envelopes });
    this.#calls = new Calls({
      pipeline,
      refusals: this.refusals,
      unread: this.#unread,
      takesOperator,
      allowedAt: (target) => parts.transcoder.allowedAt(target),
      send: (response, answer) => this.#send(response, answer),
    });
  }

  /** Ends the streams. What else is in flight goes on. */
  finish(): void {
    this.#calls.finish();
  }

  /** The service that answers to a raw target, as far as that is known, or to bytes that are wrong in form. */
  serviceOf(target: string, defect: Defect | undefined): Service {
    const { transcoder } = this.#parts;
    return defect?.status === undefined ? transcoder.ownerOf(target) : transcoder.root;
  }

  /** Rejects if there is no way to answer, such as when the connection breaks. */
  async handle(exchange: Exchange): Promise<void> {
    const { request, response, headers, requestId } = exchange;
    const { method = '', url = '' } = request;
    const [path = '', query = ''] = url.split('?', 2);
    const page = this.#parts.pages.get(path);
    if (page !== undefined && (method === 'GET' || method === 'HEAD')) return this.#send(response, { headers: [], ...(await page({ headers, query })) });
    const found = page === undefined ? this.#parts.transcoder.find(method, url) : this.#otherMethodOfPage(method, url);
    switch (found.kind) {
      case 'route':
        if (this.#parts.replied !== undefined) response.once('finish', this.#parts.replied);
        // Unlike a promise that is returned, one that is awaited takes a single turn of the microtasks.
        return await this.#calls.run(exchange, found);
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
    const answer = await this.refusals.malformed(arrivalOf(exchange), defect, this.serviceOf(exchange.request.url ?? '', defect));
    if (!exchange.response.headersSent) this.#send(exchange.response, answer);
  }

  async #unrouted(exchange: Exchange, service: Service, fault: Fault, allow: readonly string[]): Promise<void> {
    callBegins(exchange);
    exchange.request.resume();
    const more = allow.length > 0 ? [allowOf(allow)] : [];
    this.#send(exchange.response, await this.refusals.unrouted(arrivalOf(exchange), service, fault, more));
  }

  #send(response: ServerResponse, answer: RestAnswer): void {
    send(response, answer);
    this.#unread.written(response);
  }
}
