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
const PAGE = `expires_at > $1 and (created_at, message_id) < (coalesce($6::timestamptz, 'infinity'), coalesce($7, ''))
  order by created_at desc, message_id desc limit $8`;

/** Nobody reads messages without a trace: the audit row is written by the statement that reads. */
const audited = (which: string): string => `with au as (
    insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
    values ($1, '', '', 'message.listed', $2, $3, $4, $5::json))
  select ${COLUMNS} from message where ${which} ${PAGE}`;

const LIST = { name: 'message_list', text: audited('') };
const LIST_OF_RECIPIENT = { name: 'message_list_of_recipient', text: audited('recipient_mac = any($9::bytea[]) and') };

/** Shows messages to whoever runs Keyturn. */
export class MessageList {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /** Messages, newest first: to one of the recipients if they are given, before `before` if it is given. */
  async read(recipients: readonly Buffer[] | undefined, before: MessageCursor | undefined, limit: number, origin: Origin): Promise<MessageRow[]> {
    const details = JSON.stringify({ recipient: recipients === undefined ? 'any' : 'one' });
    const values = [...valuesOf(origin), details, before?.createdAt ?? null, before?.messageId ?? null, limit];
    return recipients === undefined ? this.#run<MessageRow>(LIST, values) : this.#run<MessageRow>(LIST_OF_RECIPIENT, [...values, recipients]);
  }
}
