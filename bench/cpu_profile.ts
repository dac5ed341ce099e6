import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What of a .cpuprofile of V8 is read here. Times are microseconds. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** The time spent in a function itself, without what it calls. */
export interface SelfTime {
  /** The file, or the package of a dependency. */
  readonly place: string;
  readonly name: string;
  readonly microseconds: number;
}

/** V8 counts waiting as a function. */
const IDLE = '(idle)';
const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Self times of all functions within a span of the monotonic clock, most first. */
export function selfTimes(profile: CpuProfile, from: number, to: number): SelfTime[] {
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const times = new Map<string, SelfTime>();
  let at = profile.startTime;
  for (const [index, id] of profile.samples.entries()) {
    const delta = profile.timeDeltas[index] ?? 0;
    at += delta;
    const frame = frames.get(id);
    if (at < from || at > to || frame === undefined || frame.functionName === IDLE) continue;
    const name = frame.url === '' ? frame.functionName : `${frame.functionName || '(anonymous)'}:${frame.lineNumber + 1}`;
    const place = placeOf(frame.url);
    const key = `${place} ${name}`;
    times.set(key, { place, name, microseconds: (times.get(key)?.microseconds ?? 0) + delta });
  }
  return [...times.values()].toSorted((a, b) => b.microseconds - a.microseconds);
}

/** Sums self times by a word of each, most first. */
export function sumBy(times: readonly SelfTime[], wordOf: (time: SelfTime) => string): [string, number][] {
  const sums = new Map<string, number>();
  for (const time of times) sums.set(wordOf(time), (sums.get(wordOf(time)) ?? 0) + time.microseconds);
  return [...sums].toSorted((a, b) => b[1] - a[1]);
}

function placeOf(url: string): string {
  if (url === '') return 'engine';
  if (!url.startsWith('file:')) return url;
  const path = relative(ROOT, fileURLToPath(url));
  const dependency = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
  return dependency ?? path;
}
