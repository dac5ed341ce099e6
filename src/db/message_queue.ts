import type { Sealed } from '../crypto/key_ring.ts';
import type { Run } from './database.ts';
import { valuesOf } from './origin.ts';
import type { NewMessage } from './message.ts';

/** A message that is taken from the queue to be sent. */
export interface TakenMessage extends Sealed {
  readonly messageId: string;
  /** The number of this attempt, from 1; of the last one that was made if it is too late for another. */
  readonly attempt: number;
  readonly createdAt: Date;
  readonly deliverUntil: Date;
  /** Why the attempt before has failed; null if none has. */
  readonly lastError: string | null;
}

/** Which messages to take, and until when nobody else does. */
export interface Taking {
  readonly channel: NewMessage['channel'];
  readonly now: Date;
  readonly leaseUntil: Date;
  /** What is due later than this was postponed by a clock that was set back since. */
  readonly farthest: Date;
  readonly limit: number;
}

/**
 * Rows that somebody else is taking are passed over, so that nodes share the work. The lease is the time of the next
 * attempt: a node that ends before it has told how its attempt went leaves the message to whoever looks after that.
 */
const TAKE = {
  name: 'message_take',
  text: `with
    due as (
      select message_id from message where channel = $1 and next_attempt_at <= $2
      order by next_attempt_at limit $5 for update skip locked),
    astray as (
      select message_id from message where channel = $1 and next_attempt_at > $4
      order by next_attempt_at limit $5 for update skip locked),
    chosen as (select message_id from due union all select message_id from astray limit $5)
    update message set next_attempt_at = $3, attempts = attempts + (deliver_until > $2)::int
    from chosen where message.message_id = chosen.message_id
    returning message.message_id as "messageId", attempts as attempt, created_at as "createdAt", deliver_until as "deliverUntil",
      last_error as "lastError", key_id as "keyId", box`,
};

/** Whoever took the message since has sent it once more: sent it is. */
const SENT = {
  name: 'message_sent',
  text: `update message set state = 'SENT', next_attempt_at = null, last_error = null, key_id = $2, box = $3
    where message_id = $1 and state = 'QUEUED' returning 1`,
};

/** Not if somebody else has taken it since. */
const POSTPONE = {
  name: 'message_postpone',
  text: `update message set next_attempt_at = $3, last_error = $4
    where message_id = $1 and attempts = $2 and state = 'QUEUED' returning 1`,
};

const FAIL = {
  name: 'message_fail',
  text: `with
    failed as (
      update message set state = 'FAILED', next_attempt_at = null, last_error = $7, key_id = $8, box = $9
      where message_id = $5 and attempts = $6 and state = 'QUEUED'
      returning message_id, channel, attempts, pk),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details, identity)
      select $1, '', '', 'message.failed', $2, $3, $4,
        json_build_object('message_id', message_id, 'channel', channel, 'attempts', attempts::text, 'cause', $7::text), pk
      from failed)
    select 1 from failed`,
};

/** The messages that wait to be sent. */
export class MessageQueue {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /** Takes messages that are due, the longest overdue first. */
  async take({ channel, now, leaseUntil, farthest, limit }: Taking): Promise<TakenMessage[]> {
    return this.#run<TakenMessage>(TAKE, [channel, now, leaseUntil, farthest, limit]);
  }

  /** Records that a message was sent; `rest` is what is kept of it. Returns whether it was queued until then. */
  async sent({ messageId }: TakenMessage, rest: Sealed): Promise<boolean> {
    return (await this.#run(SENT, [messageId, rest.keyId, rest.box])).length > 0;
  }

  /** Records that an attempt has failed, and when the next one is due. */
  async postpone({ messageId, attempt }: TakenMessage, until: Date, error: string): Promise<boolean> {
    return (await this.#run(POSTPONE, [messageId, attempt, until, error])).length > 0;
  }

  /** Gives a message up, with its audit row; `rest` is what is kept of it. */
  async fail({ messageId, attempt }: TakenMessage, error: string, rest: Sealed, at: Date): Promise<boolean> {
    const origin = valuesOf({ actor: 'keyturn', requestId: '', peer: '', at });
    return (await this.#run(FAIL, [...origin, messageId, attempt, error, rest.keyId, rest.box])).length > 0;
  }
}
