import { STATUS_CODES } from 'node:http';
import type { HttpRule } from '../../../gen/google/api/http.ts';
import { Code } from '../../../gen/google/rpc/code.ts';
import { Fault, Query } from '../../../gen/keyturn/options/v1/options.ts';
import type { Method, Reason, Service } from '../../contract/model.ts';
import { patternOf } from '../../transport/rest/binding/checks.ts';
import { JSON_TYPE } from '../../transport/rest/body/media.ts';
import { envelopeSchema } from './envelopes.ts';
import { refusalHeaders } from './headers.ts';
import type { Part } from './part.ts';
import { proofOf } from './security.ts';

/** What any call may meet: a target or a timeout that cannot be read, too much of everything, and a service that fails. */
const ALWAYS = [
  Fault.FAULT_TARGET_MALFORMED, Fault.FAULT_CONTENT_INVALID, Fault.FAULT_RATE_LIMITED, Fault.FAULT_TARGET_TOO_LONG, Fault.FAULT_HEADERS_TOO_LARGE, Fault.FAULT_DEADLINE_EXCEEDED,
  Fault.FAULT_UNAVAILABLE, Fault.FAULT_INTERNAL,
];
/** Methods whose requests have no body unless the rule says so. */
const WITHOUT_BODY = new Set(['GET', 'HEAD', 'DELETE']);

/** The faults that a route can answer with. That the caller went away is told to nobody. */
function faultsOf({ rules }: Method, rule: HttpRule): Set<Fault> {
  const faults = new Set<Fault>([...ALWAYS, ...proofOf(rules.caller).faults]);
  if (rules.query !== Query.QUERY_IGNORED) faults.add(Fault.FAULT_QUERY_INVALID);
  if (rule.body !== '' || !WITHOUT_BODY.has(patternOf(rule).method)) faults.add(Fault.FAULT_BODY_TOO_LARGE);
  if (rule.body !== '') for (const fault of [Fault.FAULT_MEDIA_TYPE, Fault.FAULT_BODY_UNPARSABLE]) faults.add(fault);
  if (rules.refusesJwt) faults.add(Fault.FAULT_METHOD_NOT_ALLOWED);
  return faults;
}

/** The reasons that a route can answer with: those that its method names, and those of the faults, by number. */
export function reasonsOf(method: Method, rule: HttpRule): Reason[] {
  const { service, rules } = method;
  const named = Array.from(method.reasons).filter(({ name }) => rules.reasons.includes(name));
  const ofFaults = Array.from(faultsOf(method, rule), (fault) => service.faults.get(fault)).filter((reason) => reason !== undefined);
  return [...new Set([...named, ...ofFaults])].toSorted((a, b) => a.number - b.number);
}

/** The refusals of a route by status, each with an example for every reason. */
export function refusalsOf(method: Method, rule: HttpRule): [status: string, response: Part][] {
  const byStatus = Map.groupBy(reasonsOf(method, rule), ({ rules }) => rules.httpStatus);
  return Array.from(byStatus, ([status, reasons]): [string, Part] => [String(status), refusalOf(method, rule, status, reasons)]).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function refusalOf({ service, rules }: Method, rule: HttpRule, status: number, reasons: readonly Reason[]): Part {
  const envelopes = [...new Set(reasons.map((reason) => reason.rules.envelope))].map(envelopeSchema);
  const content = {
    schema: envelopes.length === 1 ? envelopes[0] : { anyOf: envelopes },
    examples: Object.fromEntries(reasons.map(({ name }) => [name, { $ref: `#/components/examples/${name}` }])),
  };
  // Where an answer may have the body of the usual form under another label, a setting may give refusals that label too.
  const labels = rules.responseForms.filter(({ field }) => field === '').map(({ mediaType }) => mediaType);
  const refusesMedia = rule.body !== '' && rules.contentCodings.length > 0 && reasons.some((reason) => reason === service.faults.get(Fault.FAULT_MEDIA_TYPE));
  const mayComeBack = reasons.some((reason) => mayComeBackAfter(service, reason));
  return {
    description: `${STATUS_CODES[status] ?? 'Refused'}: ${reasons.map(({ name }) => `\`${name}\``).join(', ')}.`,
    headers: refusalHeaders(service, status, mayComeBack, refusesMedia),
    // An answer to HEAD has no body (RFC 9110 section 9.3.2).
    ...(patternOf(rule).method === 'HEAD' ? {} : { content: Object.fromEntries([JSON_TYPE, ...labels].map((type) => [type, content])) }),
  };
}

/** Peers that fail too often are told when to come back: by a reason of their envelope, or else with whatever they are refused for. */
function mayComeBackAfter({ faults }: Service, { rules }: Reason): boolean {
  if (!faults.has(Fault.FAULT_RATE_LIMITED) && rules.httpStatus < 499) return true;
  const isLimit = rules.code === Code.RESOURCE_EXHAUSTED && rules.httpStatus !== 413;
  return isLimit || rules.faults.some((fault) => fault === Fault.FAULT_UNAVAILABLE);
}

