/** How a command ends. */
export const ExitCode = {
  DONE: 0,
  /** The service is away or faulty. */
  FAILED: 1,
  /** Wrong usage or settings. */
  USAGE: 2,
  /** The service understood and refused. */
  REFUSED: 3,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Why a command has failed; the message says what is wrong and what to do. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: ExitCode;
  /** The service's word for a refusal. */
  readonly reason: string | undefined;

  constructor(exitCode: ExitCode, message: string, { reason, ...options }: ErrorOptions & { reason?: string | undefined } = {}) {
    super(message, options);
    this.exitCode = exitCode;
    this.reason = reason;
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
