import { writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import Table from 'cli-table3';
import { progress } from '../figures.ts';
import { PLAIN } from '../report.ts';
import { Workbench } from '../workbench.ts';
import { readOptions } from './options.ts';
import type { Options } from './options.ts';
import { Ring } from './ring.ts';
import { SCENARIOS, STAGES } from './scenarios.ts';
import { brokenBy } from './verdict.ts';
import type { Result } from './verdict.ts';

const CALM = { name: 'no-attack', attack: undefined, connections: 0 };

/** Each stage is a service of its own, one after the other. */
async function run(bench: Workbench, { seconds, only, json }: Options): Promise<void> {
  const chosen = SCENARIOS.filter(({ name }) => only === undefined || name.startsWith(only));
  const results: Result[] = [];
  for (const stage of STAGES) {
    const scenarios = chosen.filter((scenario) => (scenario.stage ?? 'plain') === stage);
    if (scenarios.length === 0) continue;
    await using ring = await Ring.open(bench, stage);
    for (const scenario of [CALM, ...scenarios]) {
      const result = await ring.fight(scenario, seconds);
      progress(`${scenario.name}: ${brokenBy(result).join('; ') || 'held'}`);
      results.push(result);
    }
  }
  if (json !== undefined) await writeFile(json, `${JSON.stringify(results, null, 2)}\n`);
  const load = loadavg().map((value) => value.toFixed(1)).join(' ');
  process.stdout.write(`node ${process.version}, ${availableParallelism()} cores, load average at the end ${load}, ${seconds} s each\n${tableOf(results)}\n`);
  const broken = results.filter((result) => brokenBy(result).length > 0);
  process.stdout.write(broken.length === 0 ? 'held\n' : `broken by ${broken.map(({ name }) => name).join(', ')}\n`);
  if (broken.length > 0) process.exitCode = 1;
}

function tableOf(results: readonly Result[]): string {
  const head = ['attack', 'requests/s', 'connections/s', 'good calls', 'p50 ms', 'p99 ms', 'max ms', 'slowest', 'refused', 'retried', 'rest MB', 'peak MB', 'cores', ''];
  const table = new Table({ head, colAligns: head.map((_, index) => (index === 0 ? 'left' : 'right')), style: PLAIN });
  for (const result of results) {
    const { attackerPerSecond, connectionsPerSecond, p50, p99, max, restMegabytes, peakMegabytes } = result;
    const whole = [p50, p99, max].map(Math.round);
    table.push([
      result.name, Math.round(attackerPerSecond), Math.round(connectionsPerSecond), result.rotations, ...whole, result.slowest,
      result.refusals.length, result.retried, Math.round(restMegabytes), Math.round(peakMegabytes), result.cpu.toFixed(2),
      brokenBy(result).length === 0 ? 'held' : 'BROKEN',
    ]);
  }
  return table.toString();
}

const bench = await Workbench.open();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    process.exitCode = 130;
    void bench[Symbol.asyncDispose]();
  });
}
try {
  await run(bench, readOptions());
} catch (error) {
  process.exitCode ??= 1;
  progress(error instanceof Error ? error.message : String(error));
} finally {
  await bench[Symbol.asyncDispose]();
}
