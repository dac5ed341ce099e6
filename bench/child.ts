import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A program to run with this Node. */
export interface Program {
  readonly script: URL;
  readonly args?: readonly string[];
  /** Options of Node itself. */
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdio: StdioOptions;
  /** The core that it is to stay on, where that can be said. */
  readonly core?: number | undefined;
}

/** A running child. Disposing of it asks it to end and waits until it has. */
export class Child implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly #name: string;

  constructor(name: string, program: Program) {
    this.#name = name;
    const command = [process.execPath, ...(program.nodeArgs ?? []), program.script.pathname, ...(program.args ?? [])];
    const pinned = program.core === undefined ? command : ['taskset', '-c', String(program.core), ...command];
    const [file = '', ...args] = pinned;
    this.process = spawn(file, args, { env: { PATH: process.env['PATH'], ...program.env }, stdio: program.stdio });
  }

  /** Taskset turns into the program, so it is the program's own. */
  get pid(): number {
    const { pid } = this.process;
    if (pid === undefined) throw new Error(`${this.#name} could not be started`);
    return pid;
  }

  /** Waits for a line of standard output. Rejects if the child ends before. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    if (this.process.stdout === null) throw new Error(`${this.#name} has no standard output`);
    for await (const line of createInterface({ input: this.process.stdout })) {
      const match = pattern.exec(line);
      if (match !== null) return match;
    }
    throw new Error(`${this.#name} ended before it was ready`);
  }

  /** Rejects when the child ends. */
  async ended(signal: AbortSignal): Promise<never> {
    if (this.#isRunning()) await once(this.process, 'exit', { signal });
    throw new Error(`${this.#name} has ended`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isRunning()) return;
    const exited = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    await exited;
  }

  #isRunning(): boolean {
    return this.process.pid !== undefined && this.process.exitCode === null && this.process.signalCode === null;
  }
}

/** Which core the server and the load keep to; none where taskset is missing or there is only one core. */
export interface Cores {
  readonly server: number | undefined;
  readonly load: number | undefined;
}

export function chooseCores(): Cores {
  const isPinnable = [0, 1].every((core) => spawnSync('taskset', ['-c', String(core), process.execPath, '--version']).status === 0);
  return isPinnable ? { server: 0, load: 1 } : { server: undefined, load: undefined };
}
