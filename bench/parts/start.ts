import { setTimeout } from 'node:timers/promises';
import { TARGETS, progress } from '../figures.ts';
import type { Figure } from '../figures.ts';
import { residentMegabytes } from '../process_stat.ts';
import { keyturnPorts, spawnKeyturn } from '../server.ts';
import { median } from '../statistics.ts';
import type { Workbench } from '../workbench.ts';

const STARTS = 5;
const REST_MS = 2000;

interface Start {
  readonly seconds: number;
  readonly megabytes: number;
}

/** The time from the start of the process to its ready line, with the embedded store, and its memory at rest. On no core of its own: its PostgreSQL would have to share it. */
export async function measureStart(bench: Workbench): Promise<Figure[]> {
  const folder = await bench.makeFolder('start');
  progress('start: make the store');
  const cold = await startOnce(bench, folder, 0);
  const starts: Start[] = [];
  for (let number = 1; number <= STARTS; number += 1) {
    const start = await startOnce(bench, folder, REST_MS);
    starts.push(start);
    progress(`start: ${number}/${STARTS} ${start.seconds.toFixed(2)} s, ${start.megabytes.toFixed(0)} MB`);
  }
  const warm = median(starts.map(({ seconds }) => seconds));
  const memory = median(starts.map(({ megabytes }) => megabytes));
  return [
    { name: 'start on an empty folder', value: cold.seconds, unit: 's' },
    { name: 'start on a warm folder', value: warm, unit: 's', target: TARGETS.start },
    { name: 'memory of the node process at rest', value: memory, unit: 'MB', target: TARGETS.rest_memory },
  ];
}

async function startOnce(bench: Workbench, folder: string, restMilliseconds: number): Promise<Start> {
  const begin = performance.now();
  const child = spawnKeyturn(bench, { name: 'start', settings: { KEYTURN_DATA_DIR: folder } });
  await keyturnPorts(child);
  const seconds = (performance.now() - begin) / 1000;
  await setTimeout(restMilliseconds);
  const megabytes = await residentMegabytes(child.pid);
  await child[Symbol.asyncDispose]();
  return { seconds, megabytes };
}
