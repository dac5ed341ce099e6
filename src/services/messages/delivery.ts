import type { Clock } from '../../clock.ts';
import { placeOf } from '../../crypto/key_ring.ts';
import type { KeyRing, Sealed } from '../../crypto/key_ring.ts';
import type { NewMessage } from '../../db/message.ts';
import type { MessageQueue, TakenMessage } from '../../db/message_queue.ts';
import type { AtSendingPoint } from '../../fault_points.ts';
import type { Log } from '../../log.ts';
import { MOST_ATTEMPTS, waitAfter } from './back_off.ts';
import type { MessageContent } from './outgoing.ts';
import { SendingError } from './sender.ts';
import type { Sender } from './sender.ts';

/** How an attempt has ended: `retried` if another one follows, `failed` if none does, `expired` if it was too late for one. */
export type SendingOutcome = 'sent' | 'retried' | 'failed' | 'expired';

export interface DeliveryParts {
  readonly channel: NewMessage['channel'];
  readonly sender: Sender;
  readonly queue: MessageQueue;
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  readonly log: Log;
  readonly count: (outcome: SendingOutcome) => void;
  readonly atSendingPoint: AtSendingPoint | undefined;
}

/** One attempt to send a message: it is made first, and recorded then, so that a kill between the two leads to another. */
export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #message: TakenMessage;
  readonly #content: MessageContent;

  /** Throws an Error if the key ring cannot open the message. */
  constructor(parts: DeliveryParts, message: TakenMessage) {
    this.#parts = parts;
    this.#message = message;
    this.#content = JSON.parse(parts.keyRing.open(placeOf.message(message.messageId), message).toString()) as MessageContent;
  }

  /** Rejects if it could not be recorded: the lease of the message ends then, and it is taken again. */
  async attempt(signal: AbortSignal): Promise<void> {
    const { sender, clock, atSendingPoint } = this.#parts;
    const { attempt, deliverUntil, lastError } = this.#message;
    const cause = lastError === null ? '' : `; before that ${lastError}`;
    if (deliverUntil <= clock.now()) return this.#giveUp('expired', `its time was over${cause}`);
    if (attempt > MOST_ATTEMPTS) return this.#giveUp('failed', `the last attempt was not finished${cause}`);
    atSendingPoint?.('before_send');
    try {
      await sender.send(this.#outgoing(), signal);
    } catch (error) {
      if (error instanceof SendingError) return this.#hasFailed(error);
      throw error;
    }
    atSendingPoint?.('after_send');
    await this.#succeed();
  }

  async #succeed(): Promise<void> {
    const { queue, clock, log, count } = this.#parts;
    if (!(await queue.sent(this.#message, this.#rest()))) return;
    count('sent');
    log.debug({ ...this.#named(), milliseconds: clock.now().getTime() - this.#message.createdAt.getTime() }, 'a message was sent');
  }

  async #hasFailed({ message: error, isPermanent, retryAfter }: SendingError): Promise<void> {
    const { queue, clock, log, count } = this.#parts;
    const { attempt, deliverUntil } = this.#message;
    const next = new Date(clock.now().getTime() + waitAfter(attempt, retryAfter));
    if (isPermanent || attempt >= MOST_ATTEMPTS || next >= deliverUntil) return this.#giveUp('failed', error);
    if (!(await queue.postpone(this.#message, next, error))) return;
    count('retried');
    log.info({ ...this.#named(), error, next_attempt_at: next.toISOString() }, 'a message could not be sent; it is tried again');
  }

  async #giveUp(outcome: 'failed' | 'expired', error: string): Promise<void> {
    const { queue, clock, log, count } = this.#parts;
    if (!(await queue.fail(this.#message, error, this.#rest(), clock.now()))) return;
    count(outcome);
    log.warn({ ...this.#named(), error }, 'a message was given up');
  }

  /** What is kept once it need not be sent any more: for whom it was, and not what it said. */
  #rest(): Sealed {
    const { recipient } = this.#content;
    return this.#parts.keyRing.seal(placeOf.message(this.#message.messageId), JSON.stringify({ recipient }));
  }

  #outgoing(): Parameters<Sender['send']>[0] {
    const { messageId, attempt, createdAt, deliverUntil } = this.#message;
    const { recipient, subject = '', body = '' } = this.#content;
    return { messageId, attempt, recipient, subject, body, createdAt, deliverUntil };
  }

  #named(): Record<string, unknown> {
    return { message_id: this.#message.messageId, channel: this.#parts.channel, attempt: this.#message.attempt };
  }
}
