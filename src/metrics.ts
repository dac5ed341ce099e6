import { Counter, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { createGauges } from './gauges.ts';
import type { Sources } from './gauges.ts';

/** The counters of one running service. */
export interface Metrics {
  /** Calls that ended, by method, wire and reason (`OK` for success). */
  readonly calls: Counter<'method' | 'wire' | 'reason'>;
  /** Seconds from the arrival of a whole call to its outcome. Not of streams, which last as long as their callers want. */
  readonly duration: Histogram<'method' | 'wire'>;
  /** Device keys that were replaced (`rotated`), and answers to that which were given again (`replayed`). */
  readonly rotations: Counter<'outcome'>;
  /** Secrets of devices that were reset (`reset`), and answers to that which were given again (`replayed`). */
  readonly resets: Counter<'outcome'>;
  /** Access tokens that devices got for a JWT (`issued`) or for an earlier token (`renewed`). */
  readonly tokens: Counter<'outcome'>;
  /** Checks of tokens (`introspection`) and JWTs (`jwt`) of devices for others, and whether they count: `active`, `inactive`. */
  readonly checks: Counter<'what' | 'outcome'>;
  /** Decisions on connections of devices, by the return code of CONNACK; 3: there could be none. */
  readonly connections: Counter<'return_code'>;
  /** Attempts to send a message, by channel and outcome: `sent`, `retried` (it failed, another one follows), `failed` and `expired` (none does). */
  readonly messages: Counter<'channel' | 'outcome'>;
  /** Seconds of a database statement, by its name, with the wait for a connection. */
  readonly statements: Histogram<'statement'>;
  /** Connections that were closed for another cause than their own end, by listener and cause. */
  readonly cuts: Counter<'listener' | 'cause'>;
  /** Exposes what is so at the moment of each look. */
  watch(sources: Sources): void;
  /** Everything in the text format of Prometheus, and its media type. */
  expose(): Promise<{ contentType: string; text: string }>;
}

/**
 * Gauges of prom-client that mislead: the first three are named like counters, and are sums of others; the last three
 * are `Nan`, or 9 223 372 036 seconds, when one scrape follows another before the event loop was sampled again.
 */
const MISLEADING = [
  'nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total',
  'nodejs_eventloop_lag_min_seconds', 'nodejs_eventloop_lag_mean_seconds', 'nodejs_eventloop_lag_stddev_seconds',
];

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISLEADING) registry.removeSingleMetric(name);
  const rotations = new Counter({
    name: 'keyturn_rotations_total',
    help: 'Device keys that were replaced (rotated), and answers to that which were given again (replayed).',
    labelNames: ['outcome'],
    registers: [registry],
  });
  // There from the start, so that the first rotation is an increase.
  for (const outcome of ['rotated', 'replayed']) rotations.inc({ outcome }, 0);
  const resets = new Counter({
    name: 'keyturn_secret_resets_total',
    help: 'Secrets of devices that were reset (reset), and answers to that which were given again (replayed).',
    labelNames: ['outcome'],
    registers: [registry],
  });
  for (const outcome of ['reset', 'replayed']) resets.inc({ outcome }, 0);
  const connections = new Counter({
    name: 'keyturn_connection_decisions_total',
    help: 'Decisions on connections of devices, by the return code of CONNACK; 3: there could be none.',
    labelNames: ['return_code'],
    registers: [registry],
  });
  for (const code of ['0', '2', '3', '4', '5']) connections.inc({ return_code: code }, 0);
  const tokens = new Counter({
    name: 'keyturn_device_tokens_total',
    help: 'Access tokens that devices got for a JWT (issued) or for an earlier token (renewed).',
    labelNames: ['outcome'],
    registers: [registry],
  });
  for (const outcome of ['issued', 'renewed']) tokens.inc({ outcome }, 0);
  const checks = new Counter({
    name: 'keyturn_device_checks_total',
    help: 'Checks of tokens (introspection) and JWTs (jwt) of devices for others, and whether they count (active, inactive).',
    labelNames: ['what', 'outcome'],
    registers: [registry],
  });
  for (const what of ['introspection', 'jwt']) for (const outcome of ['active', 'inactive']) checks.inc({ what, outcome }, 0);
  const messages = new Counter({
    name: 'keyturn_messages_total',
    help: 'Attempts to send a message, by channel and outcome: sent, retried (failed, another follows), failed and expired (given up).',
    labelNames: ['channel', 'outcome'],
    registers: [registry],
  });
  for (const channel of ['EMAIL', 'SMS', 'PUSH']) for (const outcome of ['sent', 'retried', 'failed', 'expired']) messages.inc({ channel, outcome }, 0);
  return {
    calls: new Counter({
      name: 'keyturn_calls_total',
      help: 'Calls that ended, by method, wire and reason (OK for success).',
      labelNames: ['method', 'wire', 'reason'],
      registers: [registry],
    }),
    duration: new Histogram({
      name: 'keyturn_call_duration_seconds',
      help: 'Seconds from the arrival of a whole call to its outcome, streams excepted.',
      labelNames: ['method', 'wire'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers: [registry],
    }),
    rotations,
    resets,
    tokens,
    checks,
    connections,
    messages,
    statements: new Histogram({
      name: 'keyturn_database_statement_seconds',
      help: 'Seconds of a database statement, by name, with the wait for a connection.',
      labelNames: ['statement'],
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10],
      registers: [registry],
    }),
    cuts: new Counter({
      name: 'keyturn_connections_cut_total',
      help: 'Connections closed for room (evicted), for want of it (refused), for a failed TLS handshake, or for a flood, by listener.',
      labelNames: ['listener', 'cause'],
      registers: [registry],
    }),
    watch(sources) {
      for (const gauge of createGauges(sources)) registry.registerMetric(gauge);
    },
    async expose() {
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}
