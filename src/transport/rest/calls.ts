import type { ServerResponse } from 'node:http';
import { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import type { IncomingCall, Outcome, Refusal } from '../../call/call.ts';
import type { Endpoint } from '../../call/endpoints.ts';
import type { Pipeline } from '../../call/pipeline.ts';
import { hasContent } from '../../contract/http_status.ts';
import { contentInvalid } from '../../contract/json/read.ts';
import type { Method } from '../../contract/model.ts';
import { OpenStreams } from '../open_streams.ts';
import type { RestAnswer } from './answer.ts';
import { Bodies } from './body/bodies.ts';
import type { RawBody } from './body/bodies.ts';
import type { TypedBody } from './body/media.ts';
import type { AnswerBody } from './body/writer.ts';
import { cacheable } from './conditional.ts';
import { deadlineOf, firstOf, malformedTimeout, timeoutOf } from './deadline.ts';
import { arrivalOf, callBegins, signalOf } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import type { Headers } from './headers.ts';
import type { Found, Route } from './index.ts';
import { JsonLines } from './json_lines.ts';
import { REQUEST_ID, allowOf, headersOf, refusalOf } from './refusals.ts';
import type { Refusals } from './refusals.ts';
import type { UnreadAnswers } from './unread.ts';

export interface CallsParts {
  readonly pipeline: Pipeline;
  readonly refusals: Refusals;
  readonly unread: UnreadAnswers;
  readonly takesOperator: boolean;
  /** The methods of the path of a raw target. */
  readonly allowedAt: (target: string) => readonly string[];
  /** Writes a whole answer. */
  readonly send: (response: ServerResponse, answer: RestAnswer) => void;
}

/** A body that was read, until it is let go of. */
interface HeldBody extends RawBody {
  readonly release: () => void;
}

/** When the deadline of a stream passes; and what is called when it begins, which may then go on for hours. */
interface StreamTimes {
  readonly late: Promise<'late'> | undefined;
  readonly begun: () => void;
}

/** Runs the calls of requests that have a route: reads the body, passes the pipeline and writes what came of it. */
export class Calls {
  readonly #parts: CallsParts;
  readonly #bodies = new Bodies();
  readonly #streams = new OpenStreams();

  constructor(parts: CallsParts) {
    this.#parts = parts;
  }

  /** Ends the streams. What else is in flight goes on. */
  finish(): void {
    this.#streams.end();
  }

  /** Rejects if there is no way to answer, such as when the connection breaks. */
  async run(exchange: Exchange, { route, variables }: Found & { kind: 'route' }): Promise<void> {
    const { request, response, connection, headers, requestId, peer } = exchange;
    const { pipeline, refusals, send, takesOperator } = this.#parts;
    const { endpoint, binding } = route;
    const { service, rules } = endpoint.method;
    const timeout = timeoutOf(headers);
    const signal = signalOf(exchange, timeout);
    const late = typeof timeout === 'number' ? deadlineOf(signal) : undefined;
    const read = await firstOf(this.#read(exchange, rules.maxBodyBytes), late);
    callBegins(exchange);
    if (read === 'late') {
      request.resume();
      return send(response, await refusals.unrouted(arrivalOf(exchange), service, Fault.FAULT_DEADLINE_EXCEEDED, [], endpoint.method.path));
    }
    const query = queryOf(request.url ?? '');
    let body = typedBody(read, headers);
    const raw = { line: { method: request.method ?? '', target: request.url ?? '' }, body: read.bytes };
    let written: AnswerBody | undefined;
    const call: IncomingCall = {
      wire: 'rest',
      method: endpoint.method,
      requestId,
      peer,
      standing: connection.standingOf(peer),
      metadata: headers,
      raw,
      takesOperator,
      bodyBytes: read.size,
      signal,
      unpack: body.contentEncoding === undefined ? undefined : async () => void (body = await binding.unpack(body)),
      project: () => (rules.projectField === '' ? undefined : variables[rules.projectField]),
      decode: () => {
        if (timeout === 'malformed') throw malformedTimeout();
        return binding.read({ variables, query, body }, (bytes) => decode(endpoint, bytes));
      },
      encode: ({ status, message, form }) => {
        if (hasContent(status)) written = binding.write(message, endpoint.encode, form);
      },
    };
    if (endpoint.method.isStream) {
      return this.#stream(exchange, route, call, {
        late,
        begun: () => {
          body = { ...body, bytes: NOTHING };
          raw.body = NOTHING;
          read.release();
        },
      });
    }
    const outcome = await firstOf(pipeline.run(call), late);
    // As over gRPC: the caller is told at once, and the call goes on to its end.
    if (outcome === 'late') return this.#sendLate(exchange, endpoint.method);
    if (!outcome.ok) return send(response, this.#refusal(exchange, outcome, endpoint.method));
    const answer = answerOf(outcome, written, requestId);
    send(response, rules.maxAgeSeconds === 0 ? answer : cacheable(answer, headers, rules.maxAgeSeconds));
  }

  async #read({ request, response, headers, atEnd }: Exchange, most: number): Promise<HeldBody> {
    const isAwaiting = headers.get('expect') !== undefined && request.httpVersion === '1.1';
    if (isAwaiting && Number(headers.get('content-length') ?? 0) <= most) response.writeContinue();
    let release = nothingHeld;
    const body = await this.#bodies.read(request, most, (free) => {
      release = free;
      atEnd.push(free);
    });
    return { ...body, release };
  }

  #sendLate(exchange: Exchange, method: Method): void {
    this.#parts.send(exchange.response, this.#refusal(exchange, refusalOf(method.service, Fault.FAULT_DEADLINE_EXCEEDED), method));
  }

  /** A 405 tells the methods of its path, whoever has refused the call (RFC 9110 section 15.5.6). */
  #refusal({ request, requestId }: Exchange, refusal: Refusal, { service, path }: Method): RestAnswer {
    const { refusals, allowedAt } = this.#parts;
    const allow = refusal.reason.rules.httpStatus === 405 ? allowedAt(request.url ?? '') : [];
    return refusals.write(refusal, service, requestId, allow.length > 0 ? [allowOf(allow)] : [], path);
  }

  async #stream(exchange: Exchange, { endpoint, binding }: Route, call: IncomingCall, { late, begun }: StreamTimes): Promise<void> {
    const { response, requestId } = exchange;
    const { pipeline, unread, send } = this.#parts;
    const lines = new JsonLines({
      response,
      write: (message) => binding.write(message, endpoint.encode),
      headersOf: (head) => [[REQUEST_ID, requestId], ...headersOf(head)],
      begun,
      unread,
    });
    const stream = this.#streams.open(call.signal);
    const ended = pipeline.stream({ ...call, signal: stream.signal }, lines).finally(() => stream.close());
    // A stream that has begun tells it by its last line, once its handler has ended.
    if ((await firstOf(ended, late)) === 'late' && !response.headersSent) return this.#sendLate(exchange, endpoint.method);
    const outcome = await ended;
    if (!outcome.ok && !response.headersSent) send(response, this.#refusal(exchange, outcome, endpoint.method));
    else lines.end(outcome);
  }
}

const NOTHING = new Uint8Array();

function nothingHeld(): void {}

/** The raw query of a target; undefined without one. */
function queryOf(target: string): string | undefined {
  const mark = target.indexOf('?');
  return mark === -1 ? undefined : target.slice(mark + 1);
}

function answerOf(outcome: Outcome & { ok: true }, written: AnswerBody | undefined, requestId: string): RestAnswer {
  const { status } = outcome;
  const headers: [string, string][] = [[REQUEST_ID, requestId], ...headersOf(outcome)];
  if (written !== undefined) return { status, headers, contentType: written.contentType, body: written.content };
  // Without a length a 205 would be sent as one empty chunk; a 204 has none (RFC 9110 section 8.6).
  return status === 205 ? { status, headers, body: '' } : { status, headers };
}

/** What JSON nests a little, such as google.protobuf.Struct, is nested deeper as a message, and its decoder has a limit. */
function decode(endpoint: Endpoint, bytes: Uint8Array): object {
  try {
    return endpoint.decode(bytes);
  } catch (error) {
    throw contentInvalid([{ field: '', description: 'is nested too deeply' }], error);
  }
}

function typedBody({ bytes, hold }: RawBody, headers: Headers): TypedBody {
  return {
    bytes,
    hold,
    contentType: headers.get('content-type'),
    contentTypeRepeated: headers.isRepeated('content-type'),
    contentEncoding: headers.list('content-encoding'),
  };
}
