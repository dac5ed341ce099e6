import type { IncomingCall } from '../call.ts';
import type { Principal } from './principal.ts';

/** One way of proving who calls. Each step refuses by throwing. */
export interface Authenticator<P extends Principal = Principal> {
  /** Settles who calls, on headers alone. */
  authenticate(call: IncomingCall): Promise<P>;
  /** Whether this caller may make the call at all. */
  authorize(principal: P, call: IncomingCall): void;
  /** Whether this caller has called too often. */
  limit(principal: P): void;
}
