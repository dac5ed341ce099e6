import { deviceIdOf } from '../fleet.ts';
import { LoadProcess } from '../load_process.ts';
import { IN_FLIGHT } from '../options.ts';
import { startServer } from '../server.ts';
import type { Server, Side } from '../server.ts';
import { measureRound } from '../side.ts';
import type { Round } from '../side.ts';
import type { Workbench } from '../workbench.ts';
import type { SecretPart } from './kinds.ts';
import { seedSecrets } from './seed.ts';

export interface SecretSideOptions {
  readonly name: string;
  readonly part: SecretPart;
  readonly side: Side;
  readonly devices: number;
  readonly nodeArgs?: readonly string[];
}

/** A side of the calls about device secrets, with a database and a load of its own. */
export class LoadedSecrets implements AsyncDisposable {
  readonly #server: Server;
  readonly #load: LoadProcess;

  private constructor(server: Server, load: LoadProcess) {
    this.#server = server;
    this.#load = load;
  }

  static async start(bench: Workbench, { name, part, side, devices, nodeArgs = [] }: SecretSideOptions): Promise<LoadedSecrets> {
    const deviceIds = Array.from({ length: devices }, (_, index) => deviceIdOf(index + 1));
    const databaseUrl = await bench.createDatabase(name);
    const material = await seedSecrets(databaseUrl, deviceIds);
    const { masterKey } = material;
    const floor = { program: 'secrets/floor', args: [part, masterKey] };
    const server = await startServer(bench, { name, side, wire: 'rest', databaseUrl, nodeArgs, masterKey, floor });
    const load = new LoadProcess(bench, { program: 'secrets', args: [part, String(server.port), String(IN_FLIGHT), JSON.stringify(material)] });
    await load.addDevices(deviceIds);
    return new LoadedSecrets(server, load);
  }

  /** One round. Throws with the answer if one is not the right one. */
  async round(seconds: number): Promise<Round> {
    await this.#load.prepare(0);
    return measureRound(this.#server, this.#load, seconds);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#load[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }
}
