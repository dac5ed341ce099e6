import { isIPv6 } from 'node:net';
import { Fault } from '../../gen/keyturn/options/v1/options.ts';
import type { Clock } from '../clock.ts';
import { FaultError } from '../contract/fault.ts';
import { retryAfter } from './allowance.ts';
import type { Standing } from './call.ts';
import { Peer } from './peer.ts';
import type { Waiter } from './peer.ts';

/** Who calls, as far as that is known before anything is checked. */
export interface Arrival {
  readonly peer: string;
  readonly standing: Standing;
  /** Aborts when the caller is gone. */
  readonly signal: AbortSignal;
}

/** Calls that are worked on at once, of all peers. */
const AT_ONCE = 256;
/** Calls that may wait: of one peer, and of all. */
const MOST_WAITING = { ofPeer: 1_024, ofAll: 2_048 };
/** A peer with too many failures pays for each further one with this long a rest for the place that it took, milliseconds. */
const REST = 50;
const MOST_PEERS = 16_384;

/**
 * Lets calls in, so many at once, peers in turn. Nobody is refused for what
 * others do: a peer with too many failures is worked on slowly, and among calls
 * from its address those over a connection without refused calls go first.
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

  /** Resolves when it is the call's turn; undefined if that is at once. Rejects with a FaultError if too many wait. */
  enter({ peer: address, standing, signal }: Arrival): Promise<void> | undefined {
    const peer = this.#peerOf(address);
    if (this.#running < AT_ONCE && peer.waiting === 0 && peer.hasRoom(this.#now())) {
      this.#start(peer);
      return undefined;
    }
    return this.#wait(peer, standing.refusals === 0, signal);
  }

  /** A call that was let in has ended well, or by no fault of its peer. */
  leave({ peer }: Arrival): void {
    this.#end(this.#peerOf(peer));
  }

  /** A call that was let in was refused. Returns what the answer tells a peer that has failed too often. */
  fail({ peer: address, standing }: Arrival): Readonly<Record<string, string>> | undefined {
    const peer = this.#peerOf(address);
    const now = this.#now();
    const wait = peer.limitedFor(now);
    standing.refusals += 1;
    peer.fail(now);
    if (wait === 0) {
      this.#end(peer);
      return undefined;
    }
    setTimeout(() => this.#end(peer), REST).unref();
    return retryAfter(wait);
  }

  #wait(peer: Peer, isClean: boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (peer.waiting >= MOST_WAITING.ofPeer || this.#waiting >= MOST_WAITING.ofAll) {
        const yielding = isClean ? peer.yield() : undefined;
        if (yielding === undefined) return reject(tooMany());
        yielding.drop();
      }
      const onAbort = (): void => {
        peer.leaveQueue(waiter);
        this.#waiting -= 1;
        reject(signal.reason as Error);
      };
      const waiter: Waiter = {
        start: () => {
          this.#waiting -= 1;
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
        drop: () => {
          this.#waiting -= 1;
          signal.removeEventListener('abort', onAbort);
          reject(tooMany());
        },
      };
      this.#waiting += 1;
      signal.addEventListener('abort', onAbort, { once: true });
      peer.queue(waiter, isClean);
      if (peer.hasRoom(this.#now())) this.#ready.add(peer);
    });
  }

  #start(peer: Peer): void {
    peer.begin();
    this.#running += 1;
  }

  #end(peer: Peer): void {
    peer.end();
    this.#running -= 1;
    if (peer.waiting > 0) this.#ready.add(peer);
    if (this.#ready.size > 0) this.#next();
  }

  #next(): void {
    const now = this.#now();
    for (const peer of this.#ready) {
      if (this.#running >= AT_ONCE) return;
      this.#ready.delete(peer);
      const waiter = peer.hasRoom(now) ? peer.next() : undefined;
      if (waiter === undefined) continue;
      this.#start(peer);
      // To the end of the line, if it has more.
      if (peer.waiting > 0 && peer.hasRoom(now)) this.#ready.add(peer);
      waiter.start();
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

/** An IPv6 host has a whole /64 to call from; an IPv4 address stands for itself. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail = ''] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const missing = address.includes('::') ? 8 - groups.length - after.length : 0;
  return [...groups, ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...after].slice(0, 4).join(':');
}

function tooMany(): FaultError {
  return new FaultError(Fault.FAULT_UNAVAILABLE, 'too many calls of this peer wait for their turn', [], { metadata: retryAfter(0) });
}
