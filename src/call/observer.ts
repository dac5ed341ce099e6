import type { IncomingCall, Refusal, StreamOutcome } from './call.ts';
import type { Endpoint } from './endpoints.ts';

/** Watches calls: writes their log lines and counts them. */
export interface Observer {
  /** A call begins; the answer is called once, when it has ended. */
  begin(call: IncomingCall): (outcome: StreamOutcome, error?: unknown) => void;
  /** A request was refused before any method was found for it. */
  unrouted(request: { readonly requestId: string; readonly peer: string }, refusal: Refusal): void;
  /** A call has passed all checks of its form, and its handler begins. */
  request(call: IncomingCall, endpoint: Endpoint, message: object): void;
}
