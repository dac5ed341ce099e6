import type { ErrorReason } from '../gen/keyturn/v1/error_reason.ts';
import type { Violation } from './contract/fault.ts';

/** What a refusal carries besides its reason. */
export interface ApiErrorDetails {
  /** What is wrong with which field; shown to the caller. */
  readonly violations?: readonly Violation[];
  /** Response metadata (headers) by lower-case name, such as `retry-after`. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
  /** What `<N>` of the catalogue's sentence stands for. */
  readonly number?: number;
}

/**
 * A refusal with a reason of the catalogue. The caller sees the catalogue's
 * sentence; `detail` says what happened and goes to the log only. It never
 * quotes a token, a proof or a secret.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly reason: ErrorReason;
  readonly violations: readonly Violation[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly number: number | undefined;

  constructor(reason: ErrorReason, detail: string, details: ApiErrorDetails = {}) {
    super(detail, { cause: details.cause });
    this.reason = reason;
    this.violations = details.violations ?? [];
    this.metadata = details.metadata ?? {};
    this.number = details.number;
  }
}
