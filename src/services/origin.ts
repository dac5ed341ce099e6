import type { Call } from '../call/call.ts';
import type { Clock } from '../clock.ts';
import type { Origin } from '../db/origin.ts';

/** Where a change that this call makes comes from, for its audit event; `anyone` is who calls where anyone may. */
export function originOf(call: Call, clock: Clock, anyone: 'device' | 'identity' = 'device'): Origin {
  return { actor: actorOf(call) ?? anyone, requestId: call.requestId, peer: call.peer, at: clock.now() };
}

function actorOf({ principal }: Call): string | undefined {
  if (principal.kind === 'application') return principal.actor;
  return principal.kind === 'operator' ? 'operator' : undefined;
}
