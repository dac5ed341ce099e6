import type { JwsAlgorithm } from './crypto/algorithms.ts';

/** The settings that contracts/iothentix.md section 9 names, as far as they are served. */
export interface IothentixSettings {
  readonly idempotentRetry: 'on' | 'strict';
  readonly forbiddenStatus: 'Forbbiden' | 'Forbidden';
  readonly algorithms: ReadonlySet<JwsAlgorithm>;
  readonly popHexText: boolean;
  /** Rotations of one device in an hour; undefined: no limit. */
  readonly rotationsPerHour: number | undefined;
}

/** What callers may ask of one node. */
export interface LimitSettings {
  /** Refused calls of one peer in a minute before its calls have to queue. */
  readonly peerFailuresPerMinute: number;
  /** Calls with the operator's token in a minute. */
  readonly operatorCallsPerMinute: number;
  /** Connections of one listener at once; beyond them the one that has waited longest is closed. */
  readonly connections: number;
}
