import { Fault } from '../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../contract/fault.ts';
import type { Contract, Reason, Service } from '../contract/model.ts';
import { ApiError } from '../errors.ts';
import { Unavailable } from '../unavailable.ts';
import type { Refusal } from './call.ts';
import { isSendable } from './metadata.ts';

/** A request can have more faults than anyone would read. */
const MOST_VIOLATIONS = 32;

/** The refusal of a fault in the envelope of a service. */
function refuseFault(service: Service, error: FaultError): Refusal {
  const violations = error.violations.slice(0, MOST_VIOLATIONS);
  return { ok: false, reason: reasonOf(service, error.fault), violations, metadata: new Map(Object.entries(error.metadata)) };
}

/**
 * The refusal for anything that was thrown. A reason that `allowed` does not
 * hold, or metadata that cannot be sent, is a fault of the program, and leaves
 * as such.
 */
export function refuse(contract: Contract, service: Service, allowed: ReadonlySet<Reason>, error: unknown): Refusal {
  if (error instanceof FaultError) return refuseFault(service, error);
  if (error instanceof ApiError) {
    const reason = contract.reasons.get(error.reason);
    if (reason !== undefined && allowed.has(reason) && Object.values(error.metadata).every(isSendable)) {
      const { violations } = error;
      return { ok: false, reason, violations, metadata: new Map(Object.entries(error.metadata)), number: error.number };
    }
  }
  const fault = error instanceof Unavailable ? Fault.FAULT_UNAVAILABLE : Fault.FAULT_INTERNAL;
  return { ok: false, reason: reasonOf(service, fault), violations: [], metadata: new Map() };
}

/** Whether a refusal is the caller's own doing, and neither a fault of the service nor a caller's that went away. */
export function isFailure({ reason }: Refusal): boolean {
  return reason.rules.httpStatus < 499;
}

/**
 * The refusal as a peer gets it that has failed too often, with `metadata`, if
 * there is any: FAULT_RATE_LIMITED where the envelope has a reason for that,
 * else its own reason.
 */
export function limited(service: Service, refusal: Refusal, metadata: Readonly<Record<string, string>> | undefined): Refusal {
  if (metadata === undefined) return refusal;
  const reason = service.faults.get(Fault.FAULT_RATE_LIMITED) ?? refusal.reason;
  const violations = reason === refusal.reason ? refusal.violations : [];
  return { ok: false, reason, violations, metadata: new Map([...refusal.metadata, ...Object.entries(metadata)]) };
}

/** The fault that an envelope answers as to, if it has no reason for one of these. */
const FALLBACKS: ReadonlyMap<Fault, Fault> = new Map([
  [Fault.FAULT_TARGET_TOO_LONG, Fault.FAULT_TARGET_MALFORMED],
  [Fault.FAULT_HEADERS_TOO_LARGE, Fault.FAULT_TARGET_MALFORMED],
  [Fault.FAULT_SIGNATURE_REFUSED, Fault.FAULT_UNAUTHENTICATED],
  [Fault.FAULT_TOKEN_EXPIRED, Fault.FAULT_UNAUTHENTICATED],
]);

function reasonOf(service: Service, fault: Fault): Reason {
  const reason = service.faults.get(fault) ?? service.faults.get(FALLBACKS.get(fault) ?? fault);
  // The boot checks have given every envelope a reason for every fault.
  if (reason === undefined) throw new Error(`no reason for fault ${fault} in ${service.desc.typeName}`);
  return reason;
}
