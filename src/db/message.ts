import type { Sealed } from '../crypto/key_ring.ts';

/** A message to store with the change that it belongs to. */
export interface NewMessage extends Sealed {
  readonly messageId: string;
  readonly channel: 'EMAIL' | 'SMS' | 'PUSH';
  readonly recipientMac: Buffer;
  /** The identity key that it is sent for. */
  readonly pk: string;
  /** The job that it is gone with. */
  readonly jobId: string | undefined;
  readonly createdAt: Date;
  /** From then on it is of no use to its recipient. */
  readonly deliverUntil: Date;
  readonly expiresAt: Date;
}

/** How many values `insertionOf` takes. */
export const MESSAGE_VALUES = 10;

/**
 * The text of an insert of messages as a part of a larger statement, whose values begin at number `first`, if the relation
 * `from` has a row. They are queued, and due at once.
 */
export function insertionOf(from: string, first: number): string {
  const types = ['text', 'text', 'bytea', 'text', 'bytea', 'text', 'text', 'timestamptz', 'timestamptz', 'timestamptz'];
  const given = types.map((type, index) => `$${first + index}::${type}[]`).join(', ');
  return `insert into message (message_id, channel, recipient_mac, key_id, box, job_id, pk, created_at, deliver_until, expires_at, state, attempts, next_attempt_at)
    select given.*, 'QUEUED', 0, given.created_at
    from ${from} cross join unnest(${given}) as given (message_id, channel, recipient_mac, key_id, box, job_id, pk, created_at, deliver_until, expires_at)`;
}

/** The values of `insertionOf`. */
export function valuesOfMessages(messages: readonly NewMessage[]): unknown[] {
  return [
    messages.map(({ messageId }) => messageId), messages.map(({ channel }) => channel), messages.map(({ recipientMac }) => recipientMac),
    messages.map(({ keyId }) => keyId), messages.map(({ box }) => box), messages.map(({ jobId }) => jobId ?? null), messages.map(({ pk }) => pk),
    messages.map(({ createdAt }) => createdAt), messages.map(({ deliverUntil }) => deliverUntil), messages.map(({ expiresAt }) => expiresAt),
  ];
}
