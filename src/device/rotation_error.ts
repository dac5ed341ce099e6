/**
 * What kind of trouble ended a rotation. `usage`: something given by the caller has to be changed; nothing was sent.
 * `failed`: no certain answer, or a fault of this machine; the next run goes on. `refused`: the service understood and
 * refused.
 */
export type Trouble = 'usage' | 'failed' | 'refused';

/** Why a rotation has ended without a new key. The message says what to do and never holds a key, a JWT or a proof. */
export class RotationError extends Error {
  override readonly name = 'RotationError';
  readonly trouble: Trouble;

  constructor(trouble: Trouble, message: string, options?: ErrorOptions) {
    super(message, options);
    this.trouble = trouble;
  }
}

/** What went wrong, in few words: the code of a system error, else the message. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
