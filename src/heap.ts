import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Left to itself V8 takes 128 MB for young objects under load and keeps them; more than this makes hardly any call faster. */
const ENOUGH = 16 << 20;
/**
 * Old objects are collected when there are so many percent more of them. Left to itself V8 lets garbage grow to several
 * times what lives, because the machine has room, and an attack leaves much that dies slowly.
 */
const OLD_GROWTH = 30;

/** Keeps the process small under load: V8 collects old objects sooner, and takes no more room for young ones once it has enough. */
export function boundHeap(): void {
  setFlagsFromString(`--heap-growing-percent=${OLD_GROWTH}`);
  const observer = new PerformanceObserver(() => {
    const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    if (young === undefined || young.space_size < ENOUGH) return;
    setFlagsFromString('--semi-space-growth-factor=1');
    observer.disconnect();
  });
  observer.observe({ entryTypes: ['gc'] });
}
