import { TARGETS, progress } from '../figures.ts';
import type { Figure } from '../figures.ts';
import type { Wire } from '../load/protocol.ts';
import { IN_FLIGHT } from '../options.ts';
import type { Options } from '../options.ts';
import type { Side } from '../server.ts';
import { LoadedServer } from '../side.ts';
import type { Round } from '../side.ts';
import { median } from '../statistics.ts';
import type { Workbench } from '../workbench.ts';

const SIDES: readonly Side[] = ['subject', 'floor'];
const WARM_UP_SECONDS = 2;

/** Rotations over a wire, Keyturn and floor in turn: A B, B A, A B, ... so that a drift of the machine meets both. */
export async function measureThroughput(bench: Workbench, wire: Wire, options: Options): Promise<Figure[]> {
  const servers = {} as Record<Side, LoadedServer>;
  for (const side of SIDES) {
    progress(`${wire}: start ${side}, ${options.devices} devices`);
    const { devices } = options;
    servers[side] = await LoadedServer.start(bench, { name: `${wire}_${side}`, side, wire, inFlight: IN_FLIGHT, fleet: devices, devices });
    await servers[side].round(Math.min(WARM_UP_SECONDS, options.seconds));
  }
  const rounds: Record<Side, Round[]> = { subject: [], floor: [] };
  for (let number = 1; number <= options.rounds; number += 1) {
    for (const side of number % 2 === 1 ? SIDES : SIDES.toReversed()) {
      const round = await servers[side].round(options.seconds);
      rounds[side].push(round);
      progress(`${wire}: round ${number}/${options.rounds} ${side} ${describe(round)}`);
    }
  }
  for (const side of SIDES) await servers[side][Symbol.asyncDispose]();
  return figuresOf(wire, rounds);
}

function describe({ callsPerSecond, p50, p99, cpuMicroseconds }: Round): string {
  const rate = Math.round(callsPerSecond);
  return `${rate} rotations/s, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, ${Math.round(cpuMicroseconds)} µs CPU each`;
}

const COLUMNS = [
  { field: 'callsPerSecond', name: 'rate', unit: 'rotations/s' },
  { field: 'p50', name: 'p50', unit: 'ms' },
  { field: 'p99', name: 'p99', unit: 'ms' },
  { field: 'cpuMicroseconds', name: 'server CPU a rotation', unit: 'µs' },
] as const;

function figuresOf(wire: Wire, rounds: Readonly<Record<Side, readonly Round[]>>): Figure[] {
  const figures = COLUMNS.flatMap(({ field, name, unit }): Figure[] => [
    { name: `${wire} keyturn ${name}`, value: median(rounds.subject.map((round) => round[field])), unit },
    { name: `${wire} floor ${name}`, value: median(rounds.floor.map((round) => round[field])), unit },
  ]);
  const ratios = (field: 'callsPerSecond' | 'cpuMicroseconds'): number =>
    median(rounds.subject.map((round, pair) => round[field] / (rounds.floor[pair]?.[field] ?? Number.NaN)));
  return [
    ...figures,
    { name: `${wire} rate, keyturn over floor`, value: ratios('callsPerSecond'), unit: 'ratio', target: TARGETS[wire] },
    { name: `${wire} server CPU, keyturn over floor`, value: ratios('cpuMicroseconds'), unit: 'ratio' },
  ];
}
