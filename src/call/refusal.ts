import { Fault } from '../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../contract/fault.ts';
import type { Contract, Reason, Service } from '../contract/model.ts';
import { hasNumber } from '../contract/sentence.ts';
import { ApiError } from '../errors.ts';
import { Unavailable } from '../unavailable.ts';
import type { Refusal } from './call.ts';
import { isSendable } from './metadata.ts';

/** A request can have more faults than anyone would read. */
const MOST_VIOLATIONS = 32;

/** The refusal of a fault in the envelope of a service. */
function refuseFault(service: Service, error: FaultError): Refusal {
  const violations = error.violations.slice(0, MOST_VIOLATIONS);
  return { ok: false, reason: reasonOf(service, error.fault), violations, metadata: new Map(Object.entries(error.metadata)), isOfPeer: error.isOfPeer };
}

/**
 * The refusal for anything that was thrown. A reason that `allowed` does not
 * hold, metadata that cannot be sent, or a sentence without its number is a fault
 * of the program, and leaves as such.
 */
export function refuse(contract: Contract, service: Service, allowed: ReadonlySet<Reason>, error: unknown): Refusal {
  if (error instanceof FaultError) return refuseFault(service, error);
  if (error instanceof ApiError) {
    const reason = contract.reasons.get(error.reason);
    if (reason !== undefined && allowed.has(reason) && isWhole(reason, error)) {
      const { violations, number } = error;
      return { ok: false, reason, violations, metadata: new Map(Object.entries(error.metadata)), number };
    }
  }
  const fault = error instanceof Unavailable ? Fault.FAULT_UNAVAILABLE : Fault.FAULT_INTERNAL;
  return { ok: false, reason: reasonOf(service, fault), violations: [], metadata: new Map() };
}

function isWhole({ rules }: Reason, { metadata, number }: ApiError): boolean {
  return Object.values(metadata).every(isSendable) && (number !== undefined || !hasNumber(rules.sentence));
}

/** Whether a refusal is the caller's own doing, and neither a fault of the service nor a caller's that went away. */
export function isFailure({ reason, isOfPeer }: Refusal): boolean {
  return isOfPeer === true || reason.rules.httpStatus < 499;
}

/**
 * The refusal as a peer gets it that has failed too often, with `metadata`, if
 * there is any: FAULT_RATE_LIMITED where the envelope has a reason for that,
 * else its own reason.
 */
export function limited(service: Service, refusal: Refusal, metadata: Readonly<Record<string, string>> | undefined): Refusal {
  if (metadata === undefined) return refusal;
  const reason = service.faults.get(Fault.FAULT_RATE_LIMITED);
  const all = new Map([...refusal.metadata, ...Object.entries(metadata)]);
  return reason === undefined ? { ...refusal, metadata: all } : { ok: false, reason, violations: [], metadata: all };
}

function reasonOf(service: Service, fault: Fault): Reason {
  const reason = service.faults.get(fault);
  // The boot checks have given every service a reason for every fault that is used like this.
  if (reason === undefined) throw new Error(`no reason for fault ${fault} in ${service.desc.typeName}`);
  return reason;
}
