import { progress } from '../figures.ts';
import type { Wire } from '../load/protocol.ts';
import { IN_FLIGHT } from '../options.ts';
import type { Options } from '../options.ts';
import { profileArgs, profileRound, profileTables } from '../profile_tables.ts';
import type { Profiled } from '../profile_tables.ts';
import type { Side } from '../server.ts';
import { LoadedServer } from '../side.ts';
import type { Workbench } from '../workbench.ts';

/** Where the main thread of Keyturn spends one round of rotations, beside the floor's. */
export async function profileRotations(bench: Workbench, wire: Wire, options: Options): Promise<string> {
  const subject = await profileSide(bench, 'subject', wire, options);
  const floor = await profileSide(bench, 'floor', wire, options);
  return profileTables(subject, floor, 'rotation');
}

async function profileSide(bench: Workbench, side: Side, wire: Wire, { devices, seconds }: Options): Promise<Profiled> {
  const name = `profile_${wire}_${side}`;
  progress(`profile: ${side} over ${wire}`);
  const folder = await bench.makeFolder(name);
  const nodeArgs = profileArgs(folder);
  const server = await LoadedServer.start(bench, { name, side, wire, inFlight: IN_FLIGHT, fleet: devices, devices, nodeArgs });
  return profileRound(server, folder, seconds);
}
