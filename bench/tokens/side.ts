import { deviceIdOf } from '../fleet.ts';
import { LoadProcess } from '../load_process.ts';
import { IN_FLIGHT } from '../options.ts';
import { startServer } from '../server.ts';
import type { Side } from '../server.ts';
import { LoadedServer } from '../side.ts';
import type { Workbench } from '../workbench.ts';
import { ISSUER } from './kinds.ts';
import type { TokenPart } from './kinds.ts';
import { seedTokens } from './seed.ts';

export interface TokenSideOptions {
  readonly name: string;
  readonly part: TokenPart;
  readonly side: Side;
  readonly devices: number;
  readonly nodeArgs?: readonly string[];
}

/** So that neither a device nor the operator asks too often. */
const SETTINGS = {
  KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE: '100000000',
  KEYTURN_OPERATOR_CALLS_PER_MINUTE: '100000000',
  KEYTURN_IOTHENTIX_ISSUER: ISSUER,
};

/** A side of the calls about tokens and JWTs of devices, with a database and a load of its own; JWTs are signed before each round. */
export async function startLoadedTokens(bench: Workbench, { name, part, side, devices, nodeArgs = [] }: TokenSideOptions): Promise<LoadedServer> {
  const databaseUrl = await bench.createDatabase(name);
  const floor = { program: part === 'verify' ? 'tokens/floor_verify' : 'tokens/floor', args: [part] };
  const wire = part === 'verify' ? 'grpc' : 'rest';
  const server = await startServer(bench, { name, side, wire, databaseUrl, nodeArgs, settings: SETTINGS, floor });
  const load = new LoadProcess(bench, { program: 'tokens', args: [part, String(server.port), String(IN_FLIGHT)] });
  const keys = await load.addDevices(Array.from({ length: devices }, (_, index) => deviceIdOf(index + 1)));
  await seedTokens(databaseUrl, part, keys);
  return new LoadedServer(server, load);
}
