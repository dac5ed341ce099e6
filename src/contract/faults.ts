import { Fault } from '../../gen/keyturn/options/v1/options.ts';
import type { Envelope, ServiceRules } from '../../gen/keyturn/options/v1/options.ts';
import type { Reason } from './model.ts';

/** An envelope may have no reason of its own for these, and then answers as to another fault, or does without. */
const OPTIONAL: ReadonlyMap<Fault, Fault | undefined> = new Map([
  [Fault.FAULT_RATE_LIMITED, undefined],
  [Fault.FAULT_TARGET_TOO_LONG, Fault.FAULT_TARGET_MALFORMED],
  [Fault.FAULT_HEADERS_TOO_LARGE, Fault.FAULT_TARGET_MALFORMED],
  [Fault.FAULT_SIGNATURE_REFUSED, Fault.FAULT_UNAUTHENTICATED],
  [Fault.FAULT_TOKEN_EXPIRED, Fault.FAULT_UNAUTHENTICATED],
]);

export const FAULTS: readonly Fault[] = Object.values(Fault).filter((fault) => fault > 0);

/** The faults for which a service must have a reason. */
export const REQUIRED_FAULTS: readonly Fault[] = FAULTS.filter((fault) => !OPTIONAL.has(fault));

/**
 * The reason of a service for each fault. Its own envelope is asked first, for
 * the fault and for that which stands in for it; then the fallback, likewise. So
 * what an API documents for all failed proofs wins over finer words of another.
 */
export function faultsOf({ envelope, fallbackEnvelope }: ServiceRules, reasons: ReadonlyMap<number, Reason>): ReadonlyMap<Fault, Reason> {
  const faults = new Map<Fault, Reason>();
  for (const each of [fallbackEnvelope, envelope]) {
    const stated = statedBy(each, reasons);
    for (const fault of FAULTS) {
      const reason = stated.get(fault) ?? stated.get(OPTIONAL.get(fault) ?? fault);
      if (reason !== undefined) faults.set(fault, reason);
    }
  }
  return faults;
}

function statedBy(envelope: Envelope, reasons: ReadonlyMap<number, Reason>): Map<Fault, Reason> {
  const faults = new Map<Fault, Reason>();
  for (const reason of reasons.values()) {
    if (reason.rules.envelope !== envelope) continue;
    for (const fault of reason.rules.faults) faults.set(fault, reason);
  }
  return faults;
}

export function faultName(fault: Fault): string {
  return Object.entries(Fault).find(([, number]) => number === fault)?.[0] ?? String(fault);
}
