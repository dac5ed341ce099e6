import { Gauge } from 'prom-client';

/** What is looked up when the metrics are. */
export interface Sources {
  /** Connections of the database pool: all, idle ones, and callers that wait for one. */
  readonly pool: () => Readonly<Record<'total' | 'idle' | 'waiting', number>>;
  /** Calls that are worked on and that wait for their turn, and peers that are remembered. */
  readonly turnstile: () => Readonly<Record<'running' | 'waiting' | 'peers', number>>;
  /** Answers that are streams and have not ended. */
  readonly streams: () => number;
  /** Open connections by listener. */
  readonly connections: () => Readonly<Record<string, number>>;
  /** When the first TLS certificate ends; undefined without TLS. */
  readonly tls: () => Date | undefined;
}

/** Gauges that ask their sources at each look. */
export function createGauges({ pool, turnstile, streams, connections, tls }: Sources): Gauge[] {
  return [
    labelled('keyturn_database_connections', 'Connections of the database pool, by state.', 'state', () => {
      const { total, idle } = pool();
      return { busy: total - idle, idle };
    }),
    plain('keyturn_database_waiting_callers', 'Callers that wait for a connection of the database pool.', () => pool().waiting),
    plain('keyturn_calls_in_flight', 'Calls that are worked on.', () => turnstile().running),
    plain('keyturn_calls_waiting', 'Calls that wait for their turn.', () => turnstile().waiting),
    plain('keyturn_streams', 'Answers that are streams and have not ended; their calls are in flight no more.', streams),
    labelled('keyturn_connections', 'Open connections by listener.', 'listener', connections),
    plain('keyturn_peers', 'Addresses of callers that are remembered for their limits.', () => turnstile().peers),
    plain('keyturn_tls_not_after_timestamp_seconds', 'When the first certificate of the TLS files ends, in seconds since 1970; absent without TLS.', () => {
      const notAfter = tls();
      return notAfter && notAfter.getTime() / 1000;
    }),
  ];
}

function labelled(name: string, help: string, label: string, source: () => Readonly<Record<string, number>>): Gauge {
  return new Gauge({
    name,
    help,
    labelNames: [label],
    registers: [],
    collect() {
      for (const [value, count] of Object.entries(source())) this.set({ [label]: value }, count);
    },
  });
}

function plain(name: string, help: string, source: () => number | undefined): Gauge {
  return new Gauge({
    name,
    help,
    registers: [],
    collect() {
      const value = source();
      if (value === undefined) this.reset();
      else this.set(value);
    },
  });
}
