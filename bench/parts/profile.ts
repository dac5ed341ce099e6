import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hrtime } from 'node:process';
import Table from 'cli-table3';
import { selfTimes, sumBy } from '../cpu_profile.ts';
import type { CpuProfile, SelfTime } from '../cpu_profile.ts';
import { progress } from '../figures.ts';
import type { Wire } from '../load/protocol.ts';
import { IN_FLIGHT } from '../options.ts';
import type { Options } from '../options.ts';
import { PLAIN } from '../report.ts';
import type { Side } from '../server.ts';
import { LoadedServer } from '../side.ts';
import type { Workbench } from '../workbench.ts';

const WARM_UP_SECONDS = 2;
const MOST_FUNCTIONS = 25;
const SHOWN_FROM_MICROSECONDS = 0.5;

interface Profiled {
  readonly times: readonly SelfTime[];
  readonly rotations: number;
}

/**
 * Where the main thread of Keyturn spends one round, beside the floor's: by
 * package or file, then by function. The thread pool is not in it.
 */
export async function profile(bench: Workbench, wire: Wire, options: Options): Promise<string> {
  const subject = await profileSide(bench, 'subject', wire, options);
  const floor = await profileSide(bench, 'floor', wire, options);
  return `${placesTable(subject, floor)}\n${functionsTable(subject)}`;
}

async function profileSide(bench: Workbench, side: Side, wire: Wire, { devices, seconds }: Options): Promise<Profiled> {
  const name = `profile_${wire}_${side}`;
  progress(`profile: ${side} over ${wire}`);
  const folder = await bench.makeFolder(name);
  const nodeArgs = ['--cpu-prof', `--cpu-prof-dir=${folder}`];
  const server = await LoadedServer.start(bench, { name, side, wire, inFlight: IN_FLIGHT, fleet: devices, devices, nodeArgs });
  await server.round(Math.min(WARM_UP_SECONDS, seconds));
  // The clock of V8's profiles is this one.
  const from = Number(hrtime.bigint() / 1000n);
  const { rotations } = await server.round(seconds);
  const to = Number(hrtime.bigint() / 1000n);
  await server[Symbol.asyncDispose]();
  const [file = ''] = await readdir(folder);
  const cpuProfile = JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile;
  return { times: selfTimes(cpuProfile, from, to), rotations };
}

interface Row {
  readonly place: string;
  readonly own: number;
  readonly least: number;
}

function placesTable(subject: Profiled, floor: Profiled): string {
  const subjectTimes = new Map(sumBy(subject.times, placeOf));
  const floorTimes = new Map(sumBy(floor.times, placeOf));
  const rows = [...new Set([...subjectTimes.keys(), ...floorTimes.keys()])].map((place) => ({
    place,
    own: (subjectTimes.get(place) ?? 0) / subject.rotations,
    least: (floorTimes.get(place) ?? 0) / floor.rotations,
  }));
  const all = rows.reduce((sum, row) => ({ place: 'all', own: sum.own + row.own, least: sum.least + row.least }));
  const shown = rows.filter(({ own, least }) => Math.max(own, least) >= SHOWN_FROM_MICROSECONDS);
  const table = new Table({
    head: ['main thread, self time a rotation', 'keyturn µs', 'floor µs', 'difference µs'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: PLAIN,
  });
  for (const row of [...shown.toSorted((a, b) => differenceOf(b) - differenceOf(a)), all]) {
    table.push([row.place, row.own.toFixed(1), row.least.toFixed(1), differenceOf(row).toFixed(1)]);
  }
  return table.toString();
}

function differenceOf({ own, least }: Row): number {
  return own - least;
}

function functionsTable({ times, rotations }: Profiled): string {
  const all = times.reduce((sum, { microseconds }) => sum + microseconds, 0);
  const table = new Table({
    head: ['keyturn, most self time', 'file or package', 'µs a rotation', 'share'],
    colAligns: ['left', 'left', 'right', 'right'],
    style: PLAIN,
  });
  for (const { name, place, microseconds } of times.slice(0, MOST_FUNCTIONS)) {
    table.push([name, place, (microseconds / rotations).toFixed(1), `${((100 * microseconds) / all).toFixed(1)} %`]);
  }
  return table.toString();
}

/** What the engine does itself, such as collecting garbage, goes by its name. */
function placeOf({ place, name }: SelfTime): string {
  return place === 'engine' ? name : place;
}
