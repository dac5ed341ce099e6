import { progress } from '../figures.ts';
import type { Figure } from '../figures.ts';
import type { Options } from '../options.ts';
import { profileArgs, profileRound, profileTables } from '../profile_tables.ts';
import type { Profiled } from '../profile_tables.ts';
import type { Side } from '../server.ts';
import type { TokenPart } from '../tokens/kinds.ts';
import { startLoadedTokens } from '../tokens/side.ts';
import type { Workbench } from '../workbench.ts';
import { takeTurns } from './turns.ts';

/** Tokens of devices, their introspection, or checks of JWTs, Keyturn beside the floor. */
export async function measureTokens(bench: Workbench, part: TokenPart, options: Options): Promise<Figure[]> {
  const { devices } = options;
  return takeTurns({ name: part, word: 'call', start: (side) => startLoadedTokens(bench, { name: databaseOf(part, side), part, side, devices }) }, options);
}

/** Where the main thread of Keyturn spends one round, beside the floor's. */
export async function profileTokens(bench: Workbench, part: TokenPart, options: Options): Promise<string> {
  const subject = await profileSide(bench, part, 'subject', options);
  const floor = await profileSide(bench, part, 'floor', options);
  return profileTables(subject, floor, 'call');
}

async function profileSide(bench: Workbench, part: TokenPart, side: Side, { devices, seconds }: Options): Promise<Profiled> {
  const name = `profile_${databaseOf(part, side)}`;
  progress(`profile: ${side} of ${part}`);
  const folder = await bench.makeFolder(name);
  return profileRound(await startLoadedTokens(bench, { name, part, side, devices, nodeArgs: profileArgs(folder) }), folder, seconds);
}

function databaseOf(part: TokenPart, side: Side): string {
  return `${part}_${side}`;
}
