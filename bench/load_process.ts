import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { Child } from './child.ts';
import type { Command, LoadResult, Reply } from './load/protocol.ts';
import type { Workbench } from './workbench.ts';

export interface LoadOptions {
  /** One of the programs in bench/load, and its arguments. */
  readonly program: 'main' | 'echo' | 'secrets' | 'identity' | 'tokens';
  readonly args: readonly string[];
}

/** What the last answers of a round may take. */
const PATIENCE_MS = 30_000;
/** An hour of requests takes its time to sign. */
const MOST_PREPARATION_MS = 3_600_000;

/** The process that makes the load, as this one sees it. */
export class LoadProcess implements AsyncDisposable {
  readonly #child: Child;

  constructor(bench: Workbench, { program, args }: LoadOptions) {
    const script = new URL(`load/${program}.ts`, import.meta.url);
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
    this.#child = bench.own(new Child('the load', { script, args, stdio: [...stdio], core: bench.cores.load }));
  }

  /** Makes a key for each device and returns the public keys, SubjectPublicKeyInfo in hex. */
  async addDevices(deviceIds: readonly string[]): Promise<readonly string[]> {
    const reply = await this.#order({ kind: 'devices', deviceIds });
    return reply.kind === 'devices' ? reply.keys : unexpected(reply);
  }

  /** Signs requests ahead until `count` are ready. */
  async prepare(count: number): Promise<void> {
    await this.#order({ kind: 'prepare', count });
  }

  /** Makes a request for each of these jobs. */
  async prepareJobs(jobs: readonly string[]): Promise<void> {
    await this.#order({ kind: 'prepare', count: jobs.length, jobs });
  }

  /** Sends what was prepared. Rejects with the answer if one is not the right one. */
  async run(seconds: number): Promise<LoadResult> {
    const reply = await this.#order({ kind: 'run', seconds }, seconds * 1000 + PATIENCE_MS);
    return reply.kind === 'ran' ? reply : unexpected(reply);
  }

  async #order(command: Command, milliseconds = MOST_PREPARATION_MS): Promise<Reply> {
    const settled = new AbortController();
    try {
      const answered = once(this.#child.process, 'message', { signal: settled.signal });
      this.#child.process.send(command);
      const tooLate = late(milliseconds, settled.signal);
      const [reply] = (await Promise.race([answered, this.#child.ended(settled.signal), tooLate])) as [Reply];
      if (reply.kind === 'failed') throw new Error(reply.message);
      return reply;
    } finally {
      settled.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}

async function late(milliseconds: number, signal: AbortSignal): Promise<never> {
  await setTimeout(milliseconds, undefined, { signal });
  throw new Error(`the load was not done after ${Math.round(milliseconds / 1000)} s: a request has no answer`);
}

function unexpected(reply: Reply): never {
  throw new Error(`the load answered ${reply.kind} to another order`);
}
