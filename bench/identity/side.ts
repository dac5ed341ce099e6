import { KeyRing, formatKeyRing, newMasterKey } from '../../src/crypto/key_ring.ts';
import { deviceIdOf } from '../fleet.ts';
import { LoadProcess } from '../load_process.ts';
import { IN_FLIGHT } from '../options.ts';
import { startServer } from '../server.ts';
import type { Server, Side } from '../server.ts';
import { FIRST_GUESS_PER_SECOND, RESERVE, measureRound } from '../side.ts';
import type { Round } from '../side.ts';
import type { Workbench } from '../workbench.ts';
import type { IdentityPart } from './kinds.ts';
import { seedIdentities, seedJobs } from './seed.ts';

export interface IdentitySideOptions {
  readonly name: string;
  readonly part: IdentityPart;
  readonly side: Side;
  /** Keys, and for `scope-repeat` jobs. */
  readonly devices: number;
  readonly nodeArgs?: readonly string[];
}

interface Parts {
  readonly server: Server;
  readonly load: LoadProcess;
  /** Makes ready what so many calls need. */
  readonly supply: (calls: number) => Promise<void>;
}

/** As long as one that Keyturn signs. */
const STORED_JWT = ['a'.repeat(131), 'b'.repeat(286), 'c'.repeat(86)].join('.');

/** A side of the calls of identity binding, with a database and a load of its own. */
export class LoadedIdentities implements AsyncDisposable {
  readonly #parts: Parts;
  #rate = FIRST_GUESS_PER_SECOND;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  static async start(bench: Workbench, { name, part, side, devices, nodeArgs = [] }: IdentitySideOptions): Promise<LoadedIdentities> {
    const databaseUrl = await bench.createDatabase(name);
    const master = newMasterKey();
    const ring = new KeyRing([master]);
    const masterKey = formatKeyRing([master]);
    const floor = { program: 'identity/floor', args: [part, masterKey] };
    const server = await startServer(bench, { name, side, wire: 'rest', databaseUrl, nodeArgs, masterKey, floor });
    const load = new LoadProcess(bench, { program: 'identity', args: [part, String(server.port), String(IN_FLIGHT)] });
    const keys = await load.addDevices(Array.from({ length: devices }, (_, index) => deviceIdOf(index + 1)));
    await seedIdentities(databaseUrl, ring, keys);
    const giveJobs = async (count: number, jwt: string | undefined): Promise<void> => load.prepareJobs(await seedJobs(databaseUrl, ring, { keys, count, jwt }));
    if (part === 'scope-repeat') await giveJobs(devices, STORED_JWT);
    // A job is signed once.
    const supply = part === 'scope-put' ? (calls: number) => giveJobs(calls, undefined) : (calls: number) => load.prepare(calls);
    return new LoadedIdentities({ server, load, supply });
  }

  /** One round. Throws with the answer if one is not the right one. */
  async round(seconds: number): Promise<Round> {
    const { server, load, supply } = this.#parts;
    await supply(Math.ceil(this.#rate * seconds * RESERVE));
    const round = await measureRound(server, load, seconds);
    this.#rate = round.callsPerSecond;
    return round;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.load[Symbol.asyncDispose]();
    await this.#parts.server[Symbol.asyncDispose]();
  }
}
