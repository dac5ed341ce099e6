import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hrtime } from 'node:process';
import Table from 'cli-table3';
import { selfTimes, sumBy } from './cpu_profile.ts';
import type { CpuProfile, SelfTime } from './cpu_profile.ts';
import { PLAIN } from './report.ts';
import type { Round } from './side.ts';

const WARM_UP_SECONDS = 2;
const MOST_FUNCTIONS = 25;
const SHOWN_FROM_MICROSECONDS = 0.5;

/** Where the main thread of a server has spent one round. */
export interface Profiled {
  readonly times: readonly SelfTime[];
  readonly calls: number;
}

/** A server under load that was started with `profileArgs`. */
export interface Profilable extends AsyncDisposable {
  round(seconds: number): Promise<Round>;
}

/** What Node is to be told to write a profile into an empty folder. */
export function profileArgs(folder: string): string[] {
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}

/** Profiles one round of a server, and ends it. */
export async function profileRound(server: Profilable, folder: string, seconds: number): Promise<Profiled> {
  await server.round(Math.min(WARM_UP_SECONDS, seconds));
  // The clock of V8's profiles is this one.
  const from = Number(hrtime.bigint() / 1000n);
  const { calls } = await server.round(seconds);
  const to = Number(hrtime.bigint() / 1000n);
  await server[Symbol.asyncDispose]();
  const [file = ''] = await readdir(folder);
  const cpuProfile = JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile;
  return { times: selfTimes(cpuProfile, from, to), calls };
}

/** By package or file beside the floor, then by function, for each call (a `word`). The thread pool is not in it. */
export function profileTables(subject: Profiled, floor: Profiled, word: string): string {
  return `${placesTable(subject, floor, word)}\n${functionsTable(subject, word)}`;
}

interface Row {
  readonly place: string;
  readonly own: number;
  readonly least: number;
}

function placesTable(subject: Profiled, floor: Profiled, word: string): string {
  const subjectTimes = new Map(sumBy(subject.times, placeOf));
  const floorTimes = new Map(sumBy(floor.times, placeOf));
  const rows = [...new Set([...subjectTimes.keys(), ...floorTimes.keys()])].map((place) => ({
    place,
    own: (subjectTimes.get(place) ?? 0) / subject.calls,
    least: (floorTimes.get(place) ?? 0) / floor.calls,
  }));
  const all = rows.reduce((sum, row) => ({ place: 'all', own: sum.own + row.own, least: sum.least + row.least }));
  const shown = rows.filter(({ own, least }) => Math.max(own, least) >= SHOWN_FROM_MICROSECONDS);
  const table = new Table({
    head: [`main thread, self time for each ${word}`, 'keyturn µs', 'floor µs', 'difference µs'],
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

function functionsTable({ times, calls }: Profiled, word: string): string {
  const all = times.reduce((sum, { microseconds }) => sum + microseconds, 0);
  const table = new Table({
    head: ['keyturn, most self time', 'file or package', `µs for each ${word}`, 'share'],
    colAligns: ['left', 'left', 'right', 'right'],
    style: PLAIN,
  });
  for (const { name, place, microseconds } of times.slice(0, MOST_FUNCTIONS)) {
    table.push([name, place, (microseconds / calls).toFixed(1), `${((100 * microseconds) / all).toFixed(1)} %`]);
  }
  return table.toString();
}

/** What the engine does itself, such as collecting garbage, goes by its name. */
function placeOf({ place, name }: SelfTime): string {
  return place === 'engine' ? name : place;
}
