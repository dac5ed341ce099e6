import { connectOnce } from './connection.ts';
import { stopOrphan } from './orphan.ts';
import { before, spawnPostmaster, stopPostmaster } from './postmaster.ts';
import type { Postmaster, PostmasterOptions } from './postmaster.ts';

/** Why a server did not come up: its port is taken, its predecessor is still leaving, or else. */
export type LaunchFailure = 'port taken' | 'predecessor' | 'other';

export class LaunchError extends Error {
  readonly failure: LaunchFailure;
  constructor(failure: LaunchFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

export interface LaunchOptions extends PostmasterOptions {
  /** How long each signal has, from fast shutdown to kill, when a server must go. */
  readonly graceMs: number;
  /** Gives up waiting for the server and stops it. */
  readonly signal: AbortSignal;
}

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 200;
const PATIENCE_MS = 10_000;
/** A server that refuses the password may be another one, on a port that ours is about to find taken. */
const REFUSAL_MS = 1000;
const REFUSED_PASSWORD = '28P01';
const PORT_TAKEN = /could not bind IPv4 address/;
const PREDECESSOR = /pre-existing shared memory block|lock file "postmaster\.pid" already exists/;

/**
 * Starts the server on its port and resolves once it accepts connections, however long its recovery takes; before that
 * a server of the same cluster that an earlier process left behind is stopped. Throws a LaunchError, and leaves no
 * server behind, if it ends before it accepts connections, if it refuses the password, or if `signal` aborts.
 */
export async function launch(options: LaunchOptions): Promise<Postmaster> {
  await stopOrphan(options);
  options.signal.throwIfAborted();
  const postmaster = await spawnPostmaster(options);
  try {
    await untilAccepting(postmaster, options);
    return postmaster;
  } catch (error) {
    await stopPostmaster(postmaster, options.graceMs);
    throw error;
  }
}

async function untilAccepting(postmaster: Postmaster, options: LaunchOptions): Promise<void> {
  let patienceEnds = Date.now() + PATIENCE_MS;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    const attempt = connectOnce(options.port, options.cluster.password, postmaster.ended);
    const refusal = await attempt.then(() => undefined, (error: unknown) => error);
    options.signal.throwIfAborted();
    if (postmaster.ending !== undefined) throw endedEarly(postmaster);
    if (refusal === undefined) return;
    if (Date.now() > patienceEnds) {
      options.log('PostgreSQL does not accept connections yet', { error: refusal instanceof Error ? refusal.message : 'unknown' });
      patienceEnds = Date.now() + PATIENCE_MS;
    }
    const refused = refusal instanceof Error && 'code' in refusal && refusal.code === REFUSED_PASSWORD;
    await before(refused ? REFUSAL_MS : pause, postmaster.ended);
    if (refused && postmaster.ending === undefined) {
      throw new LaunchError('other', `the password beside ${options.cluster.path} is not that of its role: restore it`);
    }
  }
}

function endedEarly(postmaster: Postmaster): LaunchError {
  const lines = postmaster.lastLines.join('\n');
  const failure = PORT_TAKEN.test(lines) ? 'port taken' : PREDECESSOR.test(lines) ? 'predecessor' : 'other';
  return new LaunchError(failure, `PostgreSQL ended (${postmaster.ending}) before it accepted connections: ${lines}`);
}
