/** A message as its sender gets it. */
export interface OutgoingMessage {
  /** The same in each attempt. */
  readonly messageId: string;
  /** Counts from 1. */
  readonly attempt: number;
  readonly recipient: string;
  readonly subject: string;
  readonly body: string;
  readonly createdAt: Date;
  /** From then on it is of no use. */
  readonly deliverUntil: Date;
}

/** Hands messages of one channel over to whoever delivers them. */
export interface Sender extends Disposable {
  /** Messages that it takes at once. */
  readonly atOnce: number;
  /** Resolves when the message is taken. Throws a SendingError if it is not, or if that is not known. */
  send(message: OutgoingMessage, signal: AbortSignal): Promise<void>;
}

export interface SendingErrorDetails {
  /** No further attempt would end better. */
  readonly isPermanent?: boolean;
  /** How long the other side asks to wait, milliseconds. */
  readonly retryAfter?: number | undefined;
}

/** An attempt that has failed. What it says quotes nothing of the message, nor of what the other side has said but codes. */
export class SendingError extends Error {
  override readonly name = 'SendingError';
  readonly isPermanent: boolean;
  readonly retryAfter: number | undefined;

  constructor(says: string, { isPermanent = false, retryAfter }: SendingErrorDetails = {}) {
    super(says);
    this.isPermanent = isPermanent;
    this.retryAfter = retryAfter;
  }
}

/** The code of an error, such as ` (ECONNREFUSED)`, if it looks like one. */
export function codeOf(...candidates: readonly unknown[]): string {
  const code = candidates.find((candidate) => typeof candidate === 'string' && /^[A-Z][A-Z0-9_]{1,63}$/.test(candidate));
  return typeof code === 'string' ? ` (${code})` : '';
}
