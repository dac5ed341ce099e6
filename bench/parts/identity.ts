import { progress } from '../figures.ts';
import type { Figure } from '../figures.ts';
import type { IdentityPart } from '../identity/kinds.ts';
import { LoadedIdentities } from '../identity/side.ts';
import type { Options } from '../options.ts';
import { profileArgs, profileRound, profileTables } from '../profile_tables.ts';
import type { Profiled } from '../profile_tables.ts';
import type { Side } from '../server.ts';
import type { Workbench } from '../workbench.ts';
import { takeTurns } from './turns.ts';

/** Bindings of keys, or signatures of jobs, over REST, Keyturn beside the floor. */
export async function measureIdentities(bench: Workbench, part: IdentityPart, options: Options): Promise<Figure[]> {
  const { devices } = options;
  return takeTurns({ name: part, word: 'call', start: (side) => LoadedIdentities.start(bench, { name: databaseOf(part, side), part, side, devices }) }, options);
}

/** Where the main thread of Keyturn spends one round, beside the floor's. */
export async function profileIdentities(bench: Workbench, part: IdentityPart, options: Options): Promise<string> {
  const subject = await profileSide(bench, part, 'subject', options);
  const floor = await profileSide(bench, part, 'floor', options);
  return profileTables(subject, floor, 'call');
}

async function profileSide(bench: Workbench, part: IdentityPart, side: Side, { devices, seconds }: Options): Promise<Profiled> {
  const name = `profile_${databaseOf(part, side)}`;
  progress(`profile: ${side} of ${part}`);
  const folder = await bench.makeFolder(name);
  return profileRound(await LoadedIdentities.start(bench, { name, part, side, devices, nodeArgs: profileArgs(folder) }), folder, seconds);
}

function databaseOf(part: IdentityPart, side: Side): string {
  return `${part.replace('-', '_')}_${side}`;
}
