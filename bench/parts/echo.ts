import { generateEcho } from '../echo/contract.ts';
import { LoadedEcho } from '../echo/side.ts';
import { TARGETS, isMet, progress } from '../figures.ts';
import type { Figure } from '../figures.ts';
import type { Options } from '../options.ts';
import { profileArgs, profileRound, profileTables } from '../profile_tables.ts';
import type { Profiled } from '../profile_tables.ts';
import type { EchoSide } from '../server.ts';
import type { Round } from '../side.ts';
import { median } from '../statistics.ts';
import type { Workbench } from '../workbench.ts';

const SIDES: readonly EchoSide[] = ['keyturn', 'bare', 'bridge', 'hop'];
const WARM_UP_SECONDS = 2;

const COLUMNS = [
  { field: 'callsPerSecond', name: 'rate', unit: 'calls/s' },
  { field: 'p50', name: 'p50', unit: 'ms' },
  { field: 'p99', name: 'p99', unit: 'ms' },
  { field: 'cpuMicroseconds', name: 'server CPU a call', unit: 'µs' },
] as const;

type Rounds = Readonly<Record<EchoSide, readonly Round[]>>;

/**
 * The same JSON echoed by Keyturn's way of a REST call, by bare node:http,
 * by the least bridge to messages, and by way of a gRPC call over loopback: in
 * turn, on one core. Where Keyturn's
 * share of the bare rate falls short, prints where its time goes.
 */
export async function measureEcho(bench: Workbench, options: Options): Promise<Figure[]> {
  const contract = await makeContract(bench);
  const rounds = await runRounds(bench, contract, options);
  const figures = figuresOf(rounds);
  if (figures.some((figure) => isMet(figure) === false)) process.stdout.write(`${await profileSides(bench, contract, options)}\n`);
  return figures;
}

/** Where the main thread of Keyturn spends one round of echoes, beside bare node:http. */
export async function profileEcho(bench: Workbench, options: Options): Promise<string> {
  return profileSides(bench, await makeContract(bench), options);
}

async function makeContract(bench: Workbench): Promise<string> {
  const folder = await bench.makeFolder('echo');
  progress('echo: generate the contract');
  generateEcho(folder);
  return folder;
}

async function runRounds(bench: Workbench, contract: string, { rounds: count, seconds }: Options): Promise<Rounds> {
  const servers = {} as Record<EchoSide, LoadedEcho>;
  for (const side of SIDES) {
    servers[side] = await LoadedEcho.start(bench, side, contract);
    await servers[side].round(Math.min(WARM_UP_SECONDS, seconds));
  }
  const rounds: Record<EchoSide, Round[]> = { keyturn: [], bare: [], bridge: [], hop: [] };
  for (let number = 1; number <= count; number += 1) {
    for (const side of number % 2 === 1 ? SIDES : SIDES.toReversed()) {
      const round = await servers[side].round(seconds);
      rounds[side].push(round);
      progress(`echo: round ${number}/${count} ${side} ${Math.round(round.callsPerSecond)} calls/s, ${round.cpuMicroseconds.toFixed(1)} µs CPU each`);
    }
  }
  for (const side of SIDES) await servers[side][Symbol.asyncDispose]();
  return rounds;
}

function figuresOf(rounds: Rounds): Figure[] {
  const figures = COLUMNS.flatMap(({ field, name, unit }) =>
    SIDES.map((side): Figure => ({ name: `echo ${side} ${name}`, value: median(rounds[side].map((round) => round[field])), unit })),
  );
  return [
    ...figures,
    { name: 'echo rate, keyturn over bare', value: ratio(rounds, 'keyturn', 'bare', 'callsPerSecond'), unit: 'ratio', target: TARGETS.echo },
    { name: 'echo rate, keyturn over hop', value: ratio(rounds, 'keyturn', 'hop', 'callsPerSecond'), unit: 'ratio' },
    { name: 'echo rate, bridge over bare', value: ratio(rounds, 'bridge', 'bare', 'callsPerSecond'), unit: 'ratio' },
    { name: 'echo rate, hop over bare', value: ratio(rounds, 'hop', 'bare', 'callsPerSecond'), unit: 'ratio' },
    { name: 'echo CPU, bare over keyturn', value: ratio(rounds, 'bare', 'keyturn', 'cpuMicroseconds'), unit: 'ratio' },
    { name: 'echo CPU of the best rounds, bare over keyturn', value: leastCpu(rounds.bare) / leastCpu(rounds.keyturn), unit: 'ratio' },
  ];
}

/** What others do on the machine makes calls dearer, never cheaper. */
function leastCpu(rounds: readonly Round[]): number {
  return Math.min(...rounds.map(({ cpuMicroseconds }) => cpuMicroseconds));
}

/** The median of the ratios of the rounds. */
function ratio(rounds: Rounds, of: EchoSide, to: EchoSide, field: 'callsPerSecond' | 'cpuMicroseconds'): number {
  return median(rounds[of].map((round, index) => round[field] / (rounds[to][index]?.[field] ?? Number.NaN)));
}

async function profileSides(bench: Workbench, contract: string, options: Options): Promise<string> {
  const keyturn = await profileSide(bench, 'keyturn', contract, options);
  const bare = await profileSide(bench, 'bare', contract, options);
  return profileTables(keyturn, bare, 'call');
}

async function profileSide(bench: Workbench, side: EchoSide, contract: string, { seconds }: Options): Promise<Profiled> {
  progress(`profile: echo of ${side}`);
  const folder = await bench.makeFolder(`profile_echo_${side}`);
  return profileRound(await LoadedEcho.start(bench, side, contract, profileArgs(folder)), folder, seconds);
}
