/**
 * What kind of trouble ended the work of a device. `usage`: something given by the caller has to be changed; nothing was
 * sent. `failed`: no certain answer, or a fault of this machine; the next run goes on. `refused`: the service understood
 * and refused.
 */
export type Trouble = 'usage' | 'failed' | 'refused';

/** Why a device has no new key or no token. The message says what to do and never holds a key, a JWT, a proof or a token. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
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
