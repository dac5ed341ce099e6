import { Fault } from '../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../contract/fault.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { IncomingCall, Refusal, StreamOutcome } from './call.ts';
import type { Endpoint } from './endpoints.ts';
import type { Observer } from './observer.ts';

/** One log line and one count for each call. Lines hold the method, never the target, headers or body. */
export class Telemetry implements Observer {
  readonly #log: Log;
  readonly #metrics: Metrics;

  constructor(log: Log, metrics: Metrics) {
    this.#log = log;
    this.#metrics = metrics;
  }

  begin(call: IncomingCall): (outcome: StreamOutcome, error?: unknown) => void {
    const start = performance.now();
    return (outcome, error) => this.#end(call, performance.now() - start, outcome, error);
  }

  request(call: IncomingCall, endpoint: Endpoint, message: object): void {
    if (!this.#log.isLevelEnabled('debug')) return;
    this.#log.debug({ request_id: call.requestId, method: call.method.path, request: endpoint.redact(message) }, 'request');
  }

  unrouted({ requestId, peer }: { requestId: string; peer: string }, { reason }: Refusal): void {
    this.#metrics.calls.inc({ method: 'none', wire: 'rest', reason: reason.name });
    this.#log.info({ request_id: requestId, wire: 'rest', peer, reason: reason.name }, 'call refused');
  }

  #end(call: IncomingCall, milliseconds: number, outcome: StreamOutcome, error: unknown): void {
    const { wire, method, requestId, peer } = call;
    const reason = outcome.ok ? 'OK' : outcome.reason.name;
    this.#metrics.calls.inc({ method: method.path, wire, reason });
    // How long a stream lasts is up to its caller.
    if (!method.isStream) this.#metrics.duration.observe({ method: method.path, wire }, milliseconds / 1000);
    const line = { request_id: requestId, method: method.path, wire, peer, reason, ms: Math.round(milliseconds * 100) / 100 };
    if (outcome.ok) this.#log.info(line, 'call');
    else if (outcome.reason.rules.httpStatus < 500 || isForeseen(error)) this.#log.info({ ...line, detail: detailOf(error) }, 'call refused');
    else this.#log.error({ ...line, err: error }, 'call failed');
  }
}

/** Deadlines of callers, streams that the stop ends and calls that find no place are nobody's failure. */
function isForeseen(error: unknown): boolean {
  return error instanceof FaultError && error.fault !== Fault.FAULT_INTERNAL;
}

function detailOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown';
}
