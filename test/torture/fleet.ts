import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { FleetOrder, LedgerLine } from './messages.ts';

const PROCESS = fileURLToPath(new URL('fleet_process.ts', import.meta.url));

/** Devices in a process of their own, which is killed as a power cut kills a device: what counts is on the disk. */
export class Fleet implements AsyncDisposable {
  readonly #order: FleetOrder;
  readonly #compiled: string;
  #child: ChildProcess;
  #rotations = 0;

  /** `compiled` is a folder that makes further starts quick. */
  constructor(order: FleetOrder, compiled: string) {
    this.#order = order;
    this.#compiled = compiled;
    this.#child = this.#launch();
  }

  /** Rotations that its devices have told of; those of a killed process may be missing. */
  get rotations(): number {
    return this.#rotations;
  }

  /** Kills all its devices in the middle of what they do, and switches them on again. */
  async powerCut(): Promise<void> {
    const ended = endOf(this.#child);
    this.#child.kill('SIGKILL');
    await ended;
    this.#child = this.#launch();
  }

  /** The ledger so far. */
  ledger(): LedgerLine[] {
    if (!existsSync(this.#order.ledger)) return [];
    return readFileSync(this.#order.ledger, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as LedgerLine);
  }

  /** Lets each device end the run that it is in. Throws if one of them has failed in a way that is none of the service's. */
  async stop(): Promise<void> {
    const ended = endOf(this.#child);
    if (this.#child.connected) this.#child.disconnect();
    await ended;
    if (this.#child.exitCode !== 0) throw new Error('the devices have failed; their words are on standard error');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = endOf(this.#child);
    this.#child.kill('SIGKILL');
    await ended;
  }

  #launch(): ChildProcess {
    const child = fork(PROCESS, [JSON.stringify(this.#order)], {
      env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: this.#compiled },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.on('message', () => {
      this.#rotations += 1;
    });
    return child;
  }
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
