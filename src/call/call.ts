import type { Method, Reason } from '../contract/model.ts';
import type { Violation } from '../contract/fault.ts';
import type { Principal } from './authenticate/principal.ts';

/** Request metadata (headers) of either wire. */
export interface Metadata {
  /** The value under a lower-case name; undefined if it is absent or was sent more than once. */
  get(name: string): string | undefined;
}

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
  /** Size of the body or message; a transport may stop reading once it is over the method's limit. */
  readonly bodyBytes: number;
  /** Aborts when the caller is gone or its deadline has passed. */
  readonly signal: AbortSignal;
  /** The request as ts-proto's message. Throws a FaultError. */
  decode(): object;
}

/** A call as a handler sees it: who calls, and what to add to the answer. */
export interface Call {
  readonly requestId: string;
  readonly peer: string;
  readonly principal: Principal;
  readonly signal: AbortSignal;
  /** Sets response metadata (over REST a header) that the method's rules list. */
  setMetadata(name: string, value: string): void;
}

/** How a call ended, for the transport to encode. */
export type Outcome = Answer | Refusal;

export interface Answer {
  readonly ok: true;
  /** ts-proto's response message. */
  readonly message: object;
  /** The HTTP status of success. */
  readonly status: number;
  readonly metadata: ReadonlyMap<string, string>;
}

export interface Refusal {
  readonly ok: false;
  readonly reason: Reason;
  readonly violations: readonly Violation[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** Handles one method: from ts-proto's request message to its response. */
export type Handler = (request: never, call: Call) => Promise<object>;
