import type { Outcome, Refusal } from '../../call/call.ts';
import type { Pipeline, Unrouted } from '../../call/pipeline.ts';
import type { Service } from '../../contract/model.ts';
import type { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import { headerName } from './answer.ts';
import type { RestAnswer } from './answer.ts';
import { JSON_TYPE } from './body/media.ts';
import { writeRefusal } from './envelopes.ts';
import type { EnvelopeSettings } from './envelopes.ts';
import type { Defect } from './framing/defect.ts';

export const REQUEST_ID = 'X-Request-ID';
/** RFC 9110 section 11.6.1 wants a challenge in every 401. */
const PLAIN_CHALLENGE = 'Bearer';

export interface RefusalsParts {
  readonly pipeline: Pipeline;
  readonly envelopes: EnvelopeSettings;
}

/** Writes refusals, and makes those of requests that lead to no call. */
export class Refusals {
  readonly #parts: RefusalsParts;

  constructor(parts: RefusalsParts) {
    this.#parts = parts;
  }

  /** A refusal in its envelope, with `more` headers; `methodPath` names the method that was called, if there is one. */
  write(refusal: Refusal, service: Service, requestId: string, more: readonly [string, string][] = [], methodPath = ''): RestAnswer {
    const { status, body } = writeRefusal(refusal, requestId, this.#parts.envelopes);
    const headers: [string, string][] = [[REQUEST_ID, requestId], ...more, ...headersOf(refusal)];
    if (status === 401) headers.push(['WWW-Authenticate', service.rules.challenge || PLAIN_CHALLENGE]);
    return { status, headers, contentType: this.#parts.envelopes.mediaTypes.get(methodPath) ?? JSON_TYPE, body };
  }

  /** The refusal of a request that leads to no call; for the rest as `write`. */
  async unrouted(request: Unrouted, service: Service, fault: Fault, more: readonly [string, string][] = [], methodPath = ''): Promise<RestAnswer> {
    const refusal = await this.#parts.pipeline.refuseUnrouted(request, service, fault);
    return this.write(refusal, service, request.requestId, more, methodPath);
  }

  async malformed(request: Unrouted, { fault, status }: Defect, service: Service): Promise<RestAnswer> {
    const refusal = await this.#parts.pipeline.refuseUnrouted(request, service, fault);
    // One that was refused for its peer's sake keeps the status of that.
    const isOwn = status !== undefined && refusal.reason === service.faults.get(fault);
    const reason = isOwn ? { ...refusal.reason, rules: { ...refusal.reason.rules, httpStatus: status } } : refusal.reason;
    return this.write({ ...refusal, reason }, service, request.requestId);
  }
}

/** The refusal of a fault that nothing but the transport knows of. */
export function refusalOf(service: Service, fault: Fault): Refusal {
  const reason = service.faults.get(fault);
  if (reason === undefined) throw new Error(`no reason for fault ${fault} in ${service.desc.typeName}`);
  return { ok: false, reason, violations: [], metadata: new Map() };
}

/** Response metadata as headers. */
export function headersOf({ metadata }: Pick<Outcome, 'metadata'>): [string, string][] {
  return Array.from(metadata, ([name, value]) => [headerName(name), value]);
}

export function allowOf(methods: readonly string[]): [string, string] {
  return ['Allow', methods.join(', ')];
}
