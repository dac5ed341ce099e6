import type { Fault } from '../../gen/keyturn/options/v1/options.ts';

/** What is wrong with one field, for people. Never quotes the value. */
export interface Violation {
  /** The field's path by proto names, such as `device.scopes[2]`; empty for the request itself. */
  readonly field: string;
  readonly description: string;
}

export interface FaultOptions extends ErrorOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  /** Whether the peer has brought it upon itself, where the fault alone does not say so. */
  readonly isOfPeer?: boolean;
}

/**
 * Something that went wrong before or around a handler, whatever the method.
 * The envelope of the method's service gives it its reason.
 */
export class FaultError extends Error {
  override readonly name = 'FaultError';
  readonly fault: Fault;
  readonly violations: readonly Violation[];
  /** Response metadata (headers) by lower-case name, such as `retry-after`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Whether the peer has brought it upon itself, where the fault alone does not say so. */
  readonly isOfPeer: boolean;

  constructor(fault: Fault, detail: string, violations: readonly Violation[] = [], options: FaultOptions = {}) {
    super(detail, options);
    this.fault = fault;
    this.violations = violations;
    this.metadata = options.metadata ?? {};
    this.isOfPeer = options.isOfPeer ?? false;
  }
}
