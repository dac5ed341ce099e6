import type { Method, Reason } from '../contract/model.ts';
import type { Violation } from '../contract/fault.ts';
import { withNumber } from '../contract/sentence.ts';
import type { Principal } from './authenticate/principal.ts';

/** Request metadata (headers) of either wire. */
export interface Metadata {
  /** The value under a lower-case name; undefined if it is absent or was sent more than once. */
  get(name: string): string | undefined;
  /**
   * What a handler may see under a lower-case name: all texts as one (RFC 9110
   * section 5.3), or bytes, in order, under a name that ends in `-bin`. Nothing
   * if the name speaks of the connection; undefined if the bytes cannot be read.
   */
  values(name: string): readonly MetadataValue[] | undefined;
}

/** Text, or bytes under a name that ends in `-bin`. */
export type MetadataValue = string | Uint8Array;

/** What is known of the connection that a call came over. */
export interface Standing {
  /** How many of its calls were refused, as far as that was their caller's doing, and how many succeeded. */
  refusals: number;
  successes: number;
  /** Its calls that wait for their turn or are worked on. */
  inside: number;
}

export function newStanding(): Standing {
  return { refusals: 0, successes: 0, inside: 0 };
}

/** A request before anything was read out of it. */
export interface RawRequest {
  readonly line: { readonly method: string; readonly target: string } | undefined;
  readonly body: Uint8Array;
}

/** A call as a transport hands it in: raw parts, and a decode step. */
export interface IncomingCall {
  readonly wire: 'grpc' | 'rest';
  readonly method: Method;
  /** Names the call in the answer, the log and the audit trail. */
  readonly requestId: string;
  /** The address of the caller. */
  readonly peer: string;
  readonly standing: Standing;
  readonly metadata: Metadata;
  /** The request line and the body as they were sent; over gRPC there is no request line, and the body is the message. */
  readonly raw: RawRequest;
  /** Whether the operator's token counts at this door for the calls of applications too. */
  readonly takesOperator: boolean;
  /** Size of the body or message; a transport may stop reading once it is over the method's limit. */
  readonly bodyBytes: number;
  /** Aborts when the caller is gone or its deadline has passed. */
  readonly signal: AbortSignal;
  /** What must be done before `decode` and takes its time, if anything. Rejects with a FaultError. */
  readonly unpack?: (() => Promise<void>) | undefined;
  /** The project that the request names, read before all else of it; undefined if its method names no project_field. Throws a FaultError. */
  project(): string | undefined;
  /** The request as ts-proto's message. Throws a FaultError. */
  decode(): object;
  /**
   * Writes what the handler has answered, as far as the transport does that
   * itself. What it throws is a fault of the service.
   */
  encode?(answer: Answer): void;
}

/** A call as a handler sees it: who calls, and what to add to the answer. */
export interface Call {
  readonly requestId: string;
  readonly peer: string;
  readonly principal: Principal;
  readonly signal: AbortSignal;
  /** SHA-256 of the body as it was sent, and of the wire that it came over; of a stream, until it has begun. */
  bodyDigest(): Buffer;
  /** By lower-case name, the request metadata (over REST headers) that was sent of that which the method's rules list. */
  readonly metadata: ReadonlyMap<string, readonly MetadataValue[]>;
  /** Sets response metadata (over REST a header) that the method's rules list, in printable ASCII. Throws once a stream has begun. */
  setMetadata(name: string, value: string): void;
  /**
   * Chooses the HTTP status of success among those that the method's rules
   * list; without a choice it is the first. gRPC has one status of success.
   */
  setStatus(status: number): void;
  /** Chooses one of the method's response_forms by its name; without a choice the answer has the usual form. gRPC has one form. */
  setForm(name: string): void;
}

/** How a call ended, for the transport to encode. */
export type Outcome = Answer | Refusal;

/** How a call ended whose answers were a stream, all of which have gone. */
export type StreamOutcome = Success | Refusal;

export interface Success {
  readonly ok: true;
}

/** What comes before the message of an answer, or before all messages of a stream. */
export interface Head {
  /** The HTTP status of success. */
  readonly status: number;
  readonly metadata: ReadonlyMap<string, string>;
  /** The name of one of the method's response_forms; undefined: the usual form. */
  readonly form: string | undefined;
}

export interface Answer extends Success, Head {
  /** ts-proto's response message. */
  readonly message: object;
}

export interface Refusal {
  readonly ok: false;
  readonly reason: Reason;
  readonly violations: readonly Violation[];
  readonly metadata: ReadonlyMap<string, string>;
  /** Counts as a failure of the peer, whatever its reason. */
  readonly isOfPeer?: boolean;
  /** What `<N>` of the reason's sentence stands for. */
  readonly number?: number | undefined;
}

/** The public sentence of a refusal. */
export function sentenceOf({ reason, number }: Refusal, sentence = reason.rules.sentence): string {
  return withNumber(sentence, number);
}

/** Where a transport takes the answers of a server streaming call. */
export interface Sink {
  /** Only the head is wanted: the handler is not started. */
  readonly isHeadOnly: boolean;
  /** The stream begins. A refusal that comes later is its end. */
  begin(head: Head): void;
  /** Sends a message. Resolves when there is room for the next one, rejects if the caller makes none for too long. */
  send(message: object): Promise<void>;
}

/**
 * The responses of a server streaming method. What a handler does before it
 * returns them decides on the call: a refusal until then has a status of its own.
 */
export type Stream<Response> = AsyncIterable<Response> | Promise<AsyncIterable<Response>>;

/** Handles one method: from ts-proto's request message to its response or, where they are a stream, its responses. */
export type Handler = (request: never, call: Call) => Promise<object> | Stream<object>;
