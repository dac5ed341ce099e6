import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseKeyRing } from '../../src/config/index.ts';
import { KeyRing } from '../../src/crypto/key_ring.ts';
import { postmasterOf } from '../faults/fixtures/child.ts';
import type { Arm, Ready } from './messages.ts';

const PROCESS = fileURLToPath(new URL('service_process.ts', import.meta.url));

/** How long the service may take to start, and an armed one to pass its fault point; milliseconds. */
const START_PATIENCE = 60_000;
const FAULT_PATIENCE = 10_000;
/** How much of its log tells why it did not start, characters. */
const LAST_WORDS = 2_000;

/** The service in a process of its own, with its embedded PostgreSQL, which is killed and started again in its place. */
export class Service implements AsyncDisposable {
  readonly #folder: string;
  readonly #addresses: readonly string[];
  #child: ChildProcess;
  #ready: Ready;

  private constructor(folder: string, addresses: readonly string[], child: ChildProcess, ready: Ready) {
    this.#folder = folder;
    this.#addresses = addresses;
    this.#child = child;
    this.#ready = ready;
  }

  /** Starts it in a folder, on ports that it keeps. Its log goes to `service.log` there. */
  static async start(folder: string): Promise<Service> {
    const addresses = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    const { child, ready } = await launch(folder, addresses);
    return new Service(folder, addresses, child, ready);
  }

  get url(): string {
    return this.#ready.url;
  }

  /** `HOST:PORT` */
  get grpc(): string {
    return this.#ready.grpc;
  }

  get operatorToken(): string {
    return this.#ready.operatorToken;
  }

  /** Of its PostgreSQL, as it runs now. */
  get databaseUrl(): string {
    return this.#ready.databaseUrl;
  }

  /** As it lies in its data folder. */
  keyRing(): KeyRing {
    return new KeyRing(parseKeyRing(readFileSync(join(this.#folder, 'data', 'master.keys'), 'utf8')));
  }

  killDatabase(): void {
    process.kill(postmasterOf(join(this.#folder, 'data', 'postgres', 'cluster')), 'SIGKILL');
  }

  /** Kills it; resolves when it has ended. */
  async kill(): Promise<void> {
    const ended = endOf(this.#child);
    this.#child.kill('SIGKILL');
    await ended;
  }

  /** Lets it kill itself at a fault point, from now on. */
  async arm(arm: Arm): Promise<void> {
    const armed = once(this.#child, 'message');
    this.#child.send(arm);
    await Promise.race([armed, endOf(this.#child)]);
  }

  /** Resolves when an armed one has ended. It may be that nobody passes the point: then it is killed all the same. */
  async untilKilled(): Promise<void> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), FAULT_PATIENCE);
    await endOf(this.#child);
    clearTimeout(timer);
  }

  /** Starts it again after a kill, on the same folder and the same ports. */
  async restart(): Promise<void> {
    const { child, ready } = await launch(this.#folder, this.#addresses);
    this.#child = child;
    this.#ready = ready;
  }

  /** Ends it in good order, with its PostgreSQL. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ended = endOf(this.#child);
    if (this.#child.connected) this.#child.disconnect();
    await ended;
  }
}

async function launch(folder: string, addresses: readonly string[]): Promise<{ child: ChildProcess; ready: Ready }> {
  const log = join(folder, 'service.log');
  const logFile = openSync(log, 'a');
  const child = fork(PROCESS, [join(folder, 'data'), ...addresses], {
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: join(folder, 'compiled') },
    stdio: ['ignore', 'ignore', logFile, 'ipc'],
  });
  closeSync(logFile);
  const timer = setTimeout(() => child.kill('SIGKILL'), START_PATIENCE);
  const ready = once(child, 'message').then(([message]) => message as Ready);
  const first = await Promise.race([ready, endOf(child)]);
  clearTimeout(timer);
  if (first === undefined) throw new Error(`the service did not start: ${readFileSync(log, 'utf8').slice(-LAST_WORDS)}`);
  return { child, ready: first };
}

async function endOf(child: ChildProcess): Promise<undefined> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/**
 * A free port below those that the system gives to outgoing connections: while the service is down, one of these could
 * take its port, even that of a device which tries to reach it.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => {
      server.close(resolve);
    });
    return port;
  }
}
