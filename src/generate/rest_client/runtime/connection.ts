import { readAnswer } from './answer.ts';
import type { Answer, Served } from './answer.ts';
import { writeRequest } from './body.ts';
import { deadlineOf } from './deadline.ts';
import { addHeaders } from './headers.ts';
import type { AnyOptions, ClientOptions } from './options.ts';
import { RestCall } from './rest_call.ts';
import { RestStream } from './rest_stream.ts';
import type { Route } from './route.ts';

/** Makes the calls of one service. */
export class RestConnection {
  readonly #options: ClientOptions;
  readonly #served: Served;
  readonly #base: string;

  /** Throws a TypeError for a base URL with a query, a fragment or credentials. */
  constructor(options: ClientOptions, served: Served) {
    if (/[?#]/.test(options.baseUrl)) throw new TypeError('the base URL has a query or a fragment');
    // The error of fetch would have them in its message.
    if (/^[^/]*\/\/[^/]*@/.test(options.baseUrl)) throw new TypeError('the base URL has credentials; give them as headers');
    this.#options = options;
    this.#served = served;
    this.#base = options.baseUrl.replace(/\/+$/, '');
  }

  call<Result extends Answer>(route: Route, request: unknown, options: AnyOptions = {}): RestCall<Result> {
    return new RestCall(this.#answer(route, request, options) as Promise<Result>);
  }

  stream<Message, Header extends string>(route: Route, request: unknown, options: AnyOptions = {}): RestStream<Message, Header> {
    const open = async (): Promise<Response> => {
      const deadline = deadlineOf(this.#options.timeout, options);
      try {
        return await this.#send(route, request, options, deadline.signal);
      } finally {
        deadline.lift();
      }
    };
    return new RestStream({ served: this.#served, route, open });
  }

  async #answer(route: Route, request: unknown, options: AnyOptions): Promise<Answer> {
    const deadline = deadlineOf(this.#options.timeout, options);
    try {
      return await readAnswer(this.#served, route, await this.#send(route, request, options, deadline.signal));
    } finally {
      deadline.lift();
    }
  }

  async #send(route: Route, request: unknown, { headers: own, ifNoneMatch }: AnyOptions, signal: AbortSignal | undefined): Promise<Response> {
    const { headers: given, authorize, fetch: send = fetch } = this.#options;
    const { target, body, contentType } = writeRequest(route, request);
    const headers = new Headers();
    addHeaders(headers, typeof given === 'function' ? await given() : given);
    addHeaders(headers, own);
    addHeaders(headers, { 'if-none-match': ifNoneMatch, 'content-type': contentType });
    const outgoing = { method: route.method, url: this.#base + target, headers, body };
    if (outgoing.url.startsWith('//')) throw new TypeError(`${route.name}: without a base URL the path would name another host`);
    await authorize?.(outgoing);
    return send(outgoing.url, {
      method: route.method,
      headers,
      // A redirect would take the credentials elsewhere, or make a GET of a POST.
      redirect: 'error',
      ...(body === undefined ? {} : { body: body as NonNullable<RequestInit['body']> }),
      ...(signal === undefined ? {} : { signal }),
    });
  }
}
