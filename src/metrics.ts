import { Counter, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** The counters of one running service. */
export interface Metrics {
  /** Calls that ended, by method, wire and reason (`OK` for success). */
  readonly calls: Counter<'method' | 'wire' | 'reason'>;
  /** Seconds from the first byte of a call to its outcome. */
  readonly duration: Histogram<'method' | 'wire'>;
  /** Everything in the text format of Prometheus, and its media type. */
  expose(): Promise<{ contentType: string; text: string }>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    calls: new Counter({
      name: 'keyturn_calls_total',
      help: 'Calls that ended, by method, wire and reason (OK for success).',
      labelNames: ['method', 'wire', 'reason'],
      registers: [registry],
    }),
    duration: new Histogram({
      name: 'keyturn_call_duration_seconds',
      help: 'Seconds from the start of a call to its outcome.',
      labelNames: ['method', 'wire'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers: [registry],
    }),
    async expose() {
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}
