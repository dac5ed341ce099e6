import { setTimeout as sleep } from 'node:timers/promises';
import { launch, LaunchError } from './launch.ts';
import type { LaunchOptions } from './launch.ts';
import { stopPostmaster } from './postmaster.ts';
import type { Postmaster } from './postmaster.ts';

/** A server that is kept running on one port. */
export interface Supervised extends AsyncDisposable {
  readonly port: number;
  /** Of the server's main process; undefined while none runs. */
  readonly pid: number | undefined;
}

export type SuperviseOptions = Omit<LaunchOptions, 'port' | 'signal'> & {
  /** Chooses the port; called again if that one turns out to be taken. */
  readonly choosePort: () => Promise<number>;
};

const PORT_ATTEMPTS = 20;
const PREDECESSOR_LEAVES_MS = 60_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;

/**
 * Starts the server and, whenever it ends unasked, starts it again on the same port until disposed of. Resolves once
 * the first accepts connections; throws a LaunchError if that one cannot start.
 */
export async function supervise(options: SuperviseOptions): Promise<Supervised> {
  const disposal = new AbortController();
  const first = await launchFirst({ ...options, signal: disposal.signal }, options.choosePort);
  const { port } = first;
  let current: Postmaster | undefined = first.postmaster;

  const watching = (async () => {
    for (;;) {
      await current.ended;
      if (disposal.signal.aborted) return;
      options.log('PostgreSQL ended unexpectedly and is started again', { pid: current.pid, ending: current.ending });
      current = undefined;
      current = await relaunch({ ...options, port, signal: disposal.signal });
      if (current === undefined) return;
      // Disposed of just as it came up, when there was nothing to stop yet.
      if (disposal.signal.aborted) await stopPostmaster(current, options.graceMs);
    }
  })();

  return {
    port,
    get pid() {
      return current?.ending === undefined ? current?.pid : undefined;
    },
    async [Symbol.asyncDispose]() {
      disposal.abort();
      if (current !== undefined) await stopPostmaster(current, options.graceMs);
      await watching;
    },
  };
}

async function launchFirst(
  options: Omit<LaunchOptions, 'port'>,
  choosePort: () => Promise<number>,
): Promise<{ port: number; postmaster: Postmaster }> {
  const until = Date.now() + PREDECESSOR_LEAVES_MS;
  let pause = FIRST_PAUSE_MS;
  for (let portsTaken = 0; ; ) {
    const port = await choosePort();
    try {
      return { port, postmaster: await launch({ ...options, port }) };
    } catch (error) {
      if (!(error instanceof LaunchError) || error.failure === 'other') throw error;
      if (error.failure === 'port taken') portsTaken += 1;
      if (portsTaken >= PORT_ATTEMPTS || Date.now() > until) throw error;
      options.log('PostgreSQL could not start yet', { failure: error.failure, port });
      if (error.failure === 'predecessor') {
        await sleep(pause);
        pause = longer(pause);
      }
    }
  }
}

/** Tries until the server runs or `signal` aborts; then undefined. Whatever stands in the way may pass. */
async function relaunch(options: LaunchOptions): Promise<Postmaster | undefined> {
  for (let pause = FIRST_PAUSE_MS; ; pause = longer(pause)) {
    try {
      const postmaster = await launch(options);
      options.log('PostgreSQL runs again', { pid: postmaster.pid });
      return postmaster;
    } catch (error) {
      if (options.signal.aborted) return undefined;
      options.log('PostgreSQL could not be started again yet', { error: error instanceof Error ? error.message : String(error) });
    }
    await sleep(pause, undefined, { signal: options.signal }).catch(() => undefined);
    if (options.signal.aborted) return undefined;
  }
}

function longer(pause: number): number {
  return Math.min(pause * 2, LONGEST_PAUSE_MS);
}
