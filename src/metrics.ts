import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** The counters of one running service. */
export interface Metrics {
  /** Calls that ended, by method, wire and reason (`OK` for success). */
  readonly calls: Counter<'method' | 'wire' | 'reason'>;
  /** Seconds from the first byte of a call to its outcome. */
  readonly duration: Histogram<'method' | 'wire'>;
  /** Device keys that were replaced (`rotated`), and answers to that which were given again (`replayed`). */
  readonly rotations: Counter<'outcome'>;
  /** Seconds of a database statement, by its name, with the wait for a connection. */
  readonly statements: Histogram<'statement'>;
  /** Exposes the connections of the database pool by state: `total`, `idle`, and callers `waiting` for one. */
  watchPool(pool: () => { total: number; idle: number; waiting: number }): void;
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
    rotations: new Counter({
      name: 'keyturn_rotations_total',
      help: 'Device keys that were replaced (rotated), and answers to that which were given again (replayed).',
      labelNames: ['outcome'],
      registers: [registry],
    }),
    statements: new Histogram({
      name: 'keyturn_database_statement_seconds',
      help: 'Seconds of a database statement, by name, with the wait for a connection.',
      labelNames: ['statement'],
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10],
      registers: [registry],
    }),
    watchPool(pool) {
      const connections = new Gauge({
        name: 'keyturn_database_connections',
        help: 'Connections of the database pool by state, and callers waiting for one.',
        labelNames: ['state'],
        registers: [],
        collect() {
          for (const [state, count] of Object.entries(pool())) this.set({ state }, count);
        },
      });
      registry.registerMetric(connections);
    },
    async expose() {
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}
