import { percentile } from '../statistics.ts';
import type { LaneResult, Tally } from './protocol.ts';

/** What one attack came to. Times are milliseconds, memory MB (of 10^6 bytes). */
export interface Result {
  readonly name: string;
  readonly rotations: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** The lane with the slowest rotation. */
  readonly slowest: string;
  readonly refusals: readonly string[];
  /** Connections that broke before the answer, after which the same request succeeded. */
  readonly retried: number;
  readonly restMegabytes: number;
  readonly peakMegabytes: number;
  /** Cores that the service kept busy. */
  readonly cpu: number;
  readonly attackerPerSecond: number;
  readonly connectionsPerSecond: number;
  readonly statuses: Readonly<Record<string, number>>;
}

export const PROMISE = { milliseconds: 1_000, megabytes: 256 };

export interface Measured {
  readonly name: string;
  readonly seconds: number;
  readonly lanes: readonly LaneResult[];
  readonly tally: Tally;
  readonly restMegabytes: number;
  readonly peakMegabytes: number;
  readonly cpuSeconds: number;
}

export function resultOf({ name, seconds, lanes, tally, restMegabytes, peakMegabytes, cpuSeconds }: Measured): Result {
  const latencies = lanes.flatMap((lane) => lane.latencies);
  const slowest = lanes.toSorted((a, b) => Math.max(...b.latencies) - Math.max(...a.latencies))[0];
  return {
    name,
    rotations: latencies.length,
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
    max: percentile(latencies, 100),
    slowest: slowest?.lane ?? '',
    refusals: lanes.flatMap(({ lane, refusals }) => refusals.map((refusal) => `${lane}: ${refusal}`)),
    retried: lanes.reduce((sum, { broken }) => sum + broken, 0),
    restMegabytes,
    peakMegabytes,
    cpu: cpuSeconds / seconds,
    attackerPerSecond: tally.requests / seconds,
    connectionsPerSecond: tally.connections / seconds,
    statuses: tally.statuses,
  };
}

/** What of the promise was broken; empty: it held. */
export function brokenBy({ rotations, max, refusals, peakMegabytes }: Result): string[] {
  const broken: string[] = [];
  if (rotations === 0) broken.push('no good call came to its end');
  if (refusals.length > 0) broken.push(`${refusals.length} refusals, such as ${refusals[0]}`);
  if (max >= PROMISE.milliseconds) broken.push(`a good call took ${Math.round(max)} ms`);
  if (peakMegabytes >= PROMISE.megabytes) broken.push(`${Math.round(peakMegabytes)} MB`);
  return broken;
}
