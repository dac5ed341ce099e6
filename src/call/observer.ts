import type { IncomingCall, Outcome } from './call.ts';
import type { Endpoint } from './endpoints.ts';

/** Watches calls: writes their log lines and counts them. */
export interface Observer {
  /** A call begins; the answer is called once, when it has ended. */
  begin(call: IncomingCall): (outcome: Outcome, error?: unknown) => void;
  /** A call has passed all checks of its form, and its handler begins. */
  request(call: IncomingCall, endpoint: Endpoint, message: object): void;
}
