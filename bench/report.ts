import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import Table from 'cli-table3';
import { isMet } from './figures.ts';
import type { Figure } from './figures.ts';
import { IN_FLIGHT } from './options.ts';
import type { Options } from './options.ts';
import type { Workbench } from './workbench.ts';

/** Without colours and lines between rows. */
export const PLAIN = { head: [], border: [], compact: true };

/** What the figures were measured on and with. */
export type Environment = Readonly<Record<string, string | number>>;

export function describeEnvironment(bench: Workbench, { rounds, seconds, devices, fleet }: Options): Environment {
  const { server, load } = bench.cores;
  return {
    node: process.version,
    postgres: bench.postgresVersion ?? 'not asked',
    cores: availableParallelism(),
    pinned: server === undefined ? 'nothing' : `server to core ${server}, load to core ${load}; PostgreSQL free; nothing for start`,
    durability: 'the embedded server as Keyturn starts it: fsync and synchronous_commit on',
    log: 'Keyturn at level info, into a file',
    'in flight': IN_FLIGHT,
    rounds,
    'seconds a round': seconds,
    devices,
    'large fleet': fleet,
  };
}

/** Figures as a table for people. */
export function tableOf(figures: readonly Figure[], environment: Environment): string {
  const table = new Table({
    head: ['figure', 'value', 'unit', 'target', ''],
    colAligns: ['left', 'right', 'left', 'left', 'left'],
    style: PLAIN,
  });
  for (const figure of figures) {
    const { name, value, unit, target } = figure;
    const wanted = target === undefined ? '' : `${target.bound} ${target.value}`;
    table.push([name, round(value), unit, wanted, { true: 'met', false: 'not met', undefined: '' }[String(isMet(figure))] ?? '']);
  }
  const lines = Object.entries(environment).map(([name, value]) => `${name}: ${value}`);
  return `${lines.join('\n')}\n${table.toString()}`;
}

/** Writes the figures to a file as JSON. */
export async function writeJson(file: string, figures: readonly Figure[], environment: Environment): Promise<void> {
  const rows = figures.map((figure) => ({ ...figure, met: isMet(figure) }));
  await writeFile(file, `${JSON.stringify({ environment, figures: rows }, null, 2)}\n`);
}

/** Four digits say all that a measurement can. */
function round(value: number): string {
  return Number.isNaN(value) ? 'not measured' : String(Number(value.toPrecision(4)));
}
