// Made by `npm run generate`: edits are lost.
import { readRefusal } from './envelopes.ts';
import type { EnvelopeName, Envelopes, Refusal } from './envelopes.ts';

/** What an error is made of. */
export interface RestErrorParts {
  /** The full name of the service that was called. */
  readonly service: string;
  readonly response: Response;
  readonly refusal?: Refusal | undefined;
  /** The body as it came. */
  readonly text: string;
  /** What went wrong, where there is no refusal. */
  readonly fallback: string;
  readonly cause?: unknown;
}

/**
 * An answer that is no success, or that is not as the contract has it. What fails before there is an answer is no
 * RestError: `fetch` throws a TypeError for the network, and an AbortSignal its reason.
 */
export class RestError<Name extends EnvelopeName = EnvelopeName, Code extends string = string> extends Error {
  override readonly name = 'RestError';
  /** The full name of the service that was called. */
  readonly service: string;
  /** The HTTP status; that of success for a stream that ended with an error, and for an answer that could not be read. */
  readonly status: number;
  /** The code word of the refusal, such as `DEVICE_NOT_FOUND`; undefined if the body is none of the service's envelopes. */
  readonly code: Code | (string & {}) | undefined;
  /** The form of the body; undefined as above. */
  readonly envelope: Name | undefined;
  /** The body, parsed; undefined as above. */
  readonly body: Envelopes[Name] | undefined;
  /** The body as it came: whatever a proxy on the way may have answered. */
  readonly text: string;
  readonly headers: Headers;
  /** The id of the request, for the service's log. */
  readonly requestId: string | undefined;
  /** Seconds to wait before another attempt, if the answer tells. */
  readonly retryAfter: number | undefined;

  constructor({ service, response, refusal, text, fallback, cause }: RestErrorParts) {
    super(refusal?.message ?? fallback, cause === undefined ? undefined : { cause });
    this.service = service;
    this.status = response.status;
    this.code = refusal?.code;
    this.envelope = refusal?.envelope as Name | undefined;
    this.body = refusal?.body as Envelopes[Name] | undefined;
    this.text = text;
    this.headers = response.headers;
    this.requestId = response.headers.get('x-request-id') ?? undefined;
    this.retryAfter = secondsOf(response.headers.get('retry-after'));
  }
}

/** A refusal in an envelope of its service. */
export type ErrorOf<Name extends EnvelopeName, Code extends string> = RestError<Name, Code> & {
  readonly code: Code | (string & {});
  readonly envelope: Name;
  readonly body: Envelopes[Name];
};

/** Whether this is a refusal of the service, in one of its envelopes. */
export function isErrorOf(error: unknown, service: string): boolean {
  return error instanceof RestError && error.service === service && error.envelope !== undefined;
}

/** The error of an answer that is no success. */
export async function errorOf(service: string, envelopes: readonly EnvelopeName[], response: Response): Promise<RestError> {
  const text = await response.text();
  return new RestError({ service, response, text, refusal: readRefusal(parse(text), envelopes), fallback: `HTTP status ${response.status}` });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** RFC 9110 section 10.2.3: seconds, or a date. */
function secondsOf(value: string | null): number | undefined {
  if (value === null) return undefined;
  if (/^[0-9]{1,9}$/.test(value)) return Number(value);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1000));
}
