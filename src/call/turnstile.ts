import { Fault } from '../../gen/keyturn/options/v1/options.ts';
import type { Clock } from '../clock.ts';
import { FaultError } from '../contract/fault.ts';
import { networkOf } from '../network.ts';
import { retryAfter } from './allowance.ts';
import type { Standing } from './call.ts';
import { Peer } from './peer.ts';
import type { Rank, Waiter } from './peer.ts';

/** Who calls, as far as that is known before anything is checked. */
export interface Arrival {
  readonly peer: string;
  readonly standing: Standing;
  /** Aborts when the caller is gone. */
  readonly signal: AbortSignal;
}

/** The place of a call that was let in. It is given up once, by one of these. */
export interface Pass {
  /** The call has succeeded. */
  succeed(): void;
  /** It has ended otherwise, by no fault of its peer. */
  leave(): void;
  /** It was refused. Returns what the answer tells a peer that has failed too often. */
  fail(): Readonly<Record<string, string>> | undefined;
}

/** Calls that are worked on at once, of all peers. */
const AT_ONCE = 256;
/** Calls that may wait: suspects of one peer, and all. Of other ranks there is hardly more than one a connection. */
const MOST_WAITING = { suspectsOfPeer: 1_024, ofAll: 16_384 };
/** A suspect of a peer with too many failures pays for each further one with this long a rest for the place that it took, milliseconds. */
const REST = 50;
const MOST_PEERS = 16_384;

/**
 * Lets calls in, so many at once, peers in turn. Nobody is refused for what
 * others do: of a peer with too many failures, calls over connections that had
 * a refused call are worked on slowly, and those over other connections go
 * first, at full speed, for they may be those of a neighbour behind one address.
 */
export class Turnstile {
  readonly #failuresPerMinute: number;
  readonly #clock: Clock;
  readonly #peers = new Map<string, Peer>();
  /** Peers with a waiting call and room for it, in the order of their turns. */
  readonly #ready = new Set<Peer>();
  #running = 0;
  #waiting = 0;

  constructor(failuresPerMinute: number, clock: Clock) {
    this.#failuresPerMinute = failuresPerMinute;
    this.#clock = clock;
  }

  /** Calls that are worked on, calls that wait, and peers that are remembered. */
  get load(): { running: number; waiting: number; peers: number } {
    return { running: this.#running, waiting: this.#waiting, peers: this.#peers.size };
  }

  /** Lets a call in, at once or when it is its turn. Rejects with a FaultError if too many wait, or with the reason of its signal. */
  enter(arrival: Arrival): Pass | Promise<Pass> {
    const peer = this.#peerOf(arrival.peer);
    const rank = rankOf(arrival.standing);
    arrival.standing.inside += 1;
    const now = this.#now();
    if (this.#running < AT_ONCE && !peer.isReady(now) && peer.hasRoom(rank, now)) return this.#begin(peer, rank, arrival.standing);
    return this.#wait(peer, rank, arrival).catch((error: unknown) => {
      arrival.standing.inside -= 1;
      throw error;
    });
  }

  #wait(peer: Peer, rank: Rank, { standing, signal }: Arrival): Promise<Pass> {
    return new Promise((resolve, reject) => {
      const isFull = rank === 'suspect' && peer.waitingSuspects >= MOST_WAITING.suspectsOfPeer;
      if (isFull || this.#waiting >= MOST_WAITING.ofAll) return reject(tooMany());
      if (signal.aborted) return reject(signal.reason as Error);
      const onAbort = (): void => {
        peer.leaveQueue(waiter);
        this.#waiting -= 1;
        reject(signal.reason as Error);
      };
      const waiter: Waiter = {
        rank,
        start: () => {
          this.#waiting -= 1;
          signal.removeEventListener('abort', onAbort);
          resolve(this.#begin(peer, rank, standing));
        },
      };
      this.#waiting += 1;
      signal.addEventListener('abort', onAbort, { once: true });
      peer.queue(waiter);
      if (peer.isReady(this.#now())) this.#ready.add(peer);
    });
  }

  #begin(peer: Peer, rank: Rank, standing: Standing): Pass {
    peer.begin(rank);
    this.#running += 1;
    return {
      succeed: () => {
        standing.successes += 1;
        standing.inside -= 1;
        this.#end(peer, rank);
      },
      leave: () => {
        standing.inside -= 1;
        this.#end(peer, rank);
      },
      fail: () => this.#fail(peer, rank, standing),
    };
  }

  #fail(peer: Peer, rank: Rank, standing: Standing): Readonly<Record<string, string>> | undefined {
    const now = this.#now();
    const wait = peer.limitedFor(now);
    standing.refusals += 1;
    standing.inside -= 1;
    peer.fail(now);
    // The first call of a connection holds up nobody: behind it may be a neighbour's.
    // The place among all is free at once; that of the peer rests.
    this.#running -= 1;
    if (wait > 0 && rank === 'suspect') setTimeout(() => this.#endOf(peer, rank), REST).unref();
    else peer.end(rank);
    this.#next(peer);
    return wait > 0 ? retryAfter(wait) : undefined;
  }

  #end(peer: Peer, rank: Rank): void {
    this.#running -= 1;
    this.#endOf(peer, rank);
  }

  #endOf(peer: Peer, rank: Rank): void {
    peer.end(rank);
    this.#next(peer);
  }

  /** Lets in whose turn it is, after something has changed for a peer. */
  #next(changed: Peer): void {
    if (changed.waiting > 0) this.#ready.add(changed);
    if (this.#ready.size === 0) return;
    const now = this.#now();
    for (const peer of this.#ready) {
      if (this.#running >= AT_ONCE) return;
      this.#ready.delete(peer);
      if (!peer.isReady(now)) continue;
      peer.next(now)?.start();
      // To the end of the line, if it has more.
      if (peer.isReady(now)) this.#ready.add(peer);
    }
  }

  #now(): number {
    return this.#clock.now().getTime();
  }

  #peerOf(address: string): Peer {
    const network = networkOf(address);
    const known = this.#peers.get(network);
    if (known !== undefined) return known;
    if (this.#peers.size >= MOST_PEERS) this.#forget();
    const peer = new Peer(this.#failuresPerMinute);
    this.#peers.set(network, peer);
    return peer;
  }

  /** Makes room by the peer known longest that has no call here. */
  #forget(): void {
    for (const [address, peer] of this.#peers) {
      if (!peer.isIdle) continue;
      this.#peers.delete(address);
      return;
    }
  }
}

function rankOf({ refusals, successes, inside }: Standing): Rank {
  if (refusals > 0) return 'suspect';
  if (successes > 0) return 'proven';
  return inside === 0 ? 'first' : 'suspect';
}

function tooMany(): FaultError {
  return new FaultError(Fault.FAULT_UNAVAILABLE, 'too many calls of this peer wait for their turn', [], { metadata: retryAfter(0) });
}
