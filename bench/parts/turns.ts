import { progress } from '../figures.ts';
import type { Figure, Target } from '../figures.ts';
import type { Options } from '../options.ts';
import type { Side } from '../server.ts';
import type { Round } from '../side.ts';
import { median } from '../statistics.ts';

/** Keyturn or a floor under load. */
export interface Loaded extends AsyncDisposable {
  round(seconds: number): Promise<Round>;
}

export interface Turns {
  /** As figures begin. */
  readonly name: string;
  /** What is counted, such as `rotation`. */
  readonly word: string;
  /** For the share of the floor's rate. */
  readonly target?: Target;
  readonly start: (side: Side) => Promise<Loaded>;
}

const SIDES: readonly Side[] = ['subject', 'floor'];
const WARM_UP_SECONDS = 2;

/** Keyturn and floor in turn: A B, B A, A B, ... so that a drift of the machine meets both. */
export async function takeTurns(turns: Turns, { rounds: count, seconds }: Options): Promise<Figure[]> {
  const { name, word, start } = turns;
  const sides = {} as Record<Side, Loaded>;
  for (const side of SIDES) {
    progress(`${name}: start ${side}`);
    sides[side] = await start(side);
    await sides[side].round(Math.min(WARM_UP_SECONDS, seconds));
  }
  const rounds: Record<Side, Round[]> = { subject: [], floor: [] };
  for (let number = 1; number <= count; number += 1) {
    for (const side of number % 2 === 1 ? SIDES : SIDES.toReversed()) {
      const round = await sides[side].round(seconds);
      rounds[side].push(round);
      progress(`${name}: round ${number}/${count} ${side} ${describe(round, word)}`);
    }
  }
  for (const side of SIDES) await sides[side][Symbol.asyncDispose]();
  return figuresOf(turns, rounds);
}

function describe({ callsPerSecond, p50, p99, cpuMicroseconds }: Round, word: string): string {
  const rate = Math.round(callsPerSecond);
  return `${rate} ${word}s/s, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, ${Math.round(cpuMicroseconds)} µs CPU each`;
}

function figuresOf({ name, word, target }: Turns, rounds: Readonly<Record<Side, readonly Round[]>>): Figure[] {
  const columns = [
    { field: 'callsPerSecond', title: 'rate', unit: `${word}s/s` },
    { field: 'p50', title: 'p50', unit: 'ms' },
    { field: 'p99', title: 'p99', unit: 'ms' },
    { field: 'cpuMicroseconds', title: `server CPU a ${word}`, unit: 'µs' },
  ] as const;
  const figures = columns.flatMap(({ field, title, unit }): Figure[] => [
    { name: `${name} keyturn ${title}`, value: median(rounds.subject.map((round) => round[field])), unit },
    { name: `${name} floor ${title}`, value: median(rounds.floor.map((round) => round[field])), unit },
  ]);
  const ratios = (field: 'callsPerSecond' | 'cpuMicroseconds'): number =>
    median(rounds.subject.map((round, pair) => round[field] / (rounds.floor[pair]?.[field] ?? Number.NaN)));
  return [
    ...figures,
    { name: `${name} rate, keyturn over floor`, value: ratios('callsPerSecond'), unit: 'ratio', ...(target === undefined ? {} : { target }) },
    { name: `${name} server CPU, keyturn over floor`, value: ratios('cpuMicroseconds'), unit: 'ratio' },
  ];
}
