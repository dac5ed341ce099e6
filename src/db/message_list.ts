import type { Sealed } from '../crypto/key_ring.ts';
import type { Run } from './database.ts';
import type { NewMessage } from './message.ts';
import { valuesOf } from './origin.ts';
import type { Origin } from './origin.ts';

export interface MessageRow extends Sealed {
  readonly messageId: string;
  readonly channel: NewMessage['channel'];
  readonly state: 'QUEUED' | 'SENT' | 'FAILED';
  readonly attempts: number;
  readonly nextAttemptAt: Date | null;
  readonly lastError: string | null;
  readonly createdAt: Date;
}

/** A place in the list, which goes from the newest backwards. */
export interface MessageCursor {
  readonly createdAt: Date;
  readonly messageId: string;
}

const COLUMNS = `message_id as "messageId", channel, state, attempts, next_attempt_at as "nextAttemptAt", last_error as "lastError",
  created_at as "createdAt", key_id as "keyId", box`;
/** The beginning of the list, as its cursor. */
const BEFORE = "(coalesce($6::timestamptz, 'infinity'), coalesce($7, ''))";

/** One part of the list, in its order. */
const part = (which: string): string => `select * from message
  where ${which} expires_at > $1 and (created_at, message_id) < ${BEFORE} order by created_at desc, message_id desc limit $8`;

/** Nobody reads messages without a trace: the audit row is written by the statement that reads. */
const audited = (parts: readonly string[]): string => `with au as (
    insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
    values ($1, '', '', 'message.listed', $2, $3, $4, $5::json))
  select ${COLUMNS} from (${parts.map((text) => `(${text})`).join(' union all ')}) as found order by created_at desc, message_id desc limit $8`;

/** So many recipients can be looked for at once. */
const MOST_RECIPIENTS = 3;

const LIST = { name: 'message_list', text: audited([part('')]) };
const LIST_OF_RECIPIENTS = { name: 'message_list_of_recipients', text: audited([9, 10, 11].map((place) => part(`recipient_mac = $${place}::bytea and`))) };

/** Shows messages to whoever runs Keyturn. */
export class MessageList {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /** Messages, newest first: to one of the recipients, at most three different ones, if they are given; before `before` if it is given. */
  async read(recipients: readonly Buffer[] | undefined, before: MessageCursor | undefined, limit: number, origin: Origin): Promise<MessageRow[]> {
    const details = JSON.stringify({ recipient: recipients === undefined ? 'any' : 'one' });
    const values = [...valuesOf(origin), details, before?.createdAt ?? null, before?.messageId ?? null, limit];
    return recipients === undefined ? this.#run<MessageRow>(LIST, values) : this.#run<MessageRow>(LIST_OF_RECIPIENTS, [...values, ...recipients, ...Array<null>(MOST_RECIPIENTS - recipients.length).fill(null)]);
  }
}
