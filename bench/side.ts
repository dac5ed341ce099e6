import { setTimeout } from 'node:timers/promises';
import { deviceIdOf, seedFleet, spread } from './fleet.ts';
import type { LoadResult, Wire } from './load/protocol.ts';
import { LoadProcess } from './load_process.ts';
import { cpuSeconds } from './process_stat.ts';
import { startServer } from './server.ts';
import type { Server, Side } from './server.ts';
import type { Workbench } from './workbench.ts';

export interface SideOptions {
  readonly name: string;
  readonly side: Side;
  readonly wire: Wire;
  readonly inFlight: number;
  /** How many devices are registered, and how many of them, spread evenly, rotate their keys. */
  readonly fleet: number;
  readonly devices: number;
  readonly nodeArgs?: readonly string[];
}

/** What a round came to. */
export interface Round extends LoadResult {
  readonly callsPerSecond: number;
  /** CPU time of the server for one call, microseconds. */
  readonly cpuMicroseconds: number;
}

/** Requests made ready before the first round, in which nothing is known of the rate. */
export const FIRST_GUESS_PER_SECOND = 2500;
export const RESERVE = 1.3;
/** For what a round has left behind, such as the answer to the last write. */
const PAUSE_MS = 200;

/** A server with a database and a load of its own. */
export class LoadedServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #load: LoadProcess;
  #rate = FIRST_GUESS_PER_SECOND;

  /** Of a server and a load that are ready; it ends them. */
  constructor(server: Server, load: LoadProcess) {
    this.#server = server;
    this.#load = load;
  }

  static async start(bench: Workbench, options: SideOptions): Promise<LoadedServer> {
    const { name, wire, inFlight, fleet, devices } = options;
    const databaseUrl = await bench.createDatabase(name);
    const server = await startServer(bench, { ...options, databaseUrl });
    const load = new LoadProcess(bench, { program: 'main', args: [wire, String(server.port), String(inFlight)] });
    const numbers = spread(fleet, devices);
    const keys = await load.addDevices(numbers.map(deviceIdOf));
    await seedFleet(databaseUrl, fleet, numbers, keys);
    return new LoadedServer(server, load);
  }

  /** One round. The requests are signed before it begins. Throws with the answer if one is not that of a rotation. */
  async round(seconds: number): Promise<Round> {
    await this.#load.prepare(Math.ceil(this.#rate * seconds * RESERVE));
    const round = await measureRound(this.#server, this.#load, seconds);
    this.#rate = round.callsPerSecond;
    return round;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#load[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }
}

/** One round of a load that is ready. Throws with the answer if one is not the right one. */
export async function measureRound(server: Server, load: LoadProcess, seconds: number): Promise<Round> {
  await setTimeout(PAUSE_MS);
  const before = await cpuSeconds(server.pid);
  const result = await run(server, load, seconds);
  const used = (await cpuSeconds(server.pid)) - before;
  return { ...result, callsPerSecond: result.calls / result.seconds, cpuMicroseconds: (used * 1e6) / result.calls };
}

async function run(server: Server, load: LoadProcess, seconds: number): Promise<LoadResult> {
  try {
    return await load.run(seconds);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${message}\nthe server's last words:\n${server.lastWords()}`, { cause: error });
  }
}
