import { LoadProcess } from '../load_process.ts';
import { IN_FLIGHT } from '../options.ts';
import { startEcho } from '../server.ts';
import type { EchoSide, Server } from '../server.ts';
import { measureRound } from '../side.ts';
import type { Round } from '../side.ts';
import type { Workbench } from '../workbench.ts';

/** A side of the echo with a load of its own. */
export class LoadedEcho implements AsyncDisposable {
  readonly #server: Server;
  readonly #load: LoadProcess;

  private constructor(server: Server, load: LoadProcess) {
    this.#server = server;
    this.#load = load;
  }

  /** `folder` holds the generated contract. */
  static async start(bench: Workbench, side: EchoSide, folder: string, nodeArgs: readonly string[] = []): Promise<LoadedEcho> {
    const server = await startEcho(bench, side, folder, nodeArgs);
    const load = new LoadProcess(bench, { program: 'echo', args: [String(server.port), String(IN_FLIGHT)] });
    return new LoadedEcho(server, load);
  }

  round(seconds: number): Promise<Round> {
    return measureRound(this.#server, this.#load, seconds);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#load[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }
}
