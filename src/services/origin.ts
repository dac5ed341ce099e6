import type { Call } from '../call/call.ts';
import type { Clock } from '../clock.ts';
import type { Origin } from '../db/origin.ts';

/** Where a change that this call makes comes from, for its audit event. */
export function originOf(call: Call, clock: Clock): Origin {
  return { actor: actorOf(call), requestId: call.requestId, peer: call.peer, at: clock.now() };
}

function actorOf({ principal }: Call): string {
  if (principal.kind === 'application') return principal.actor;
  return principal.kind === 'operator' ? 'operator' : 'device';
}
