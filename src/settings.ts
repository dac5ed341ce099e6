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
