// Made by `npm run generate`: edits are lost.
import type { Answer, Served } from './answer.ts';
import { headOf, readJson } from './answer.ts';
import { readRefusal } from './envelopes.ts';
import { linesOf } from './lines.ts';
import { RestError } from './rest_error.ts';
import type { Route } from './route.ts';
import { isObject } from './target.ts';

/** What a stream is opened with. */
export interface StreamParts {
  readonly served: Served;
  readonly route: Route;
  /** Sends the request. */
  readonly open: () => Promise<Response>;
}

/**
 * A stream of messages, which begins when it is first asked for one, and is read once. To leave the loop ends it. Throws a
 * RestError for a refusal, be it instead of a stream or at its end.
 */
export class RestStream<Message, Header extends string = never> implements AsyncIterable<Message, undefined> {
  readonly #parts: StreamParts;
  #response: Promise<Response> | undefined;
  #isRead = false;

  constructor(parts: StreamParts) {
    this.#parts = parts;
  }

  /** Begins the stream and gives what comes before its messages; its content is the stream itself. */
  async withResponse(): Promise<Answer<number, this, Header>> {
    const { served, route } = this.#parts;
    return { ...(await headOf(served, route, await this.#open())), content: this };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Message, undefined> {
    if (this.#isRead) throw new TypeError('a stream is read once');
    this.#isRead = true;
    const { served, route } = this.#parts;
    const response = await this.#open();
    await headOf(served, route, response);
    for await (const line of linesOf(response)) yield this.#messageOf(response, line);
    return undefined;
  }

  #open(): Promise<Response> {
    this.#response ??= this.#parts.open();
    return this.#response;
  }

  /** The last line of a stream that ends with a refusal has the member `error` alone. */
  #messageOf(response: Response, line: string): Message {
    const { served, route } = this.#parts;
    const value: unknown = readJson(served.service, route, response, line);
    const refusal = isObject(value) && Object.hasOwn(value, 'error') ? readRefusal(value['error'], ['RPC_STATUS']) : undefined;
    if (refusal === undefined) return value as Message;
    throw new RestError({ service: served.service, response, refusal, text: line, fallback: refusal.message });
  }
}
