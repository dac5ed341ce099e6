import type { ListMessagesRequest, ListMessagesResponse } from '../../../gen/keyturn/v1/operator_service.ts';
import { MessageChannel, MessageState } from '../../../gen/keyturn/v1/message.ts';
import type { Message } from '../../../gen/keyturn/v1/message.ts';
import type { Call } from '../../call/call.ts';
import type { Clock } from '../../clock.ts';
import { placeOf } from '../../crypto/key_ring.ts';
import type { KeyRing } from '../../crypto/key_ring.ts';
import type { MessageCursor, MessageList, MessageRow } from '../../db/message_list.ts';
import { ADDRESS_KINDS, normalise } from '../addresses/address.ts';
import type { KeyedHash } from '../addresses/keyed_hash.ts';
import type { MessageContent } from '../messages/outgoing.ts';
import { originOf } from '../origin.ts';
import { integerCursor, readPage } from './page.ts';
import { toTimestamp } from './resources.ts';

export interface MessagesParts {
  readonly list: MessageList;
  readonly keyRing: KeyRing;
  readonly hash: KeyedHash;
  readonly hasSender: (channel: MessageRow['channel']) => boolean;
  readonly clock: Clock;
}

const CHANNELS = { EMAIL: MessageChannel.MESSAGE_CHANNEL_EMAIL, SMS: MessageChannel.MESSAGE_CHANNEL_SMS, PUSH: MessageChannel.MESSAGE_CHANNEL_PUSH };
const STATES = { QUEUED: MessageState.MESSAGE_STATE_QUEUED, SENT: MessageState.MESSAGE_STATE_SENT, FAILED: MessageState.MESSAGE_STATE_FAILED };

/** The call of OperatorService that concerns messages. */
export class Messages {
  readonly #parts: MessagesParts;

  constructor(parts: MessagesParts) {
    this.#parts = parts;
  }

  async list(request: ListMessagesRequest, call: Call): Promise<ListMessagesResponse> {
    const { list, clock } = this.#parts;
    const recipients = request.recipient === '' ? undefined : this.#hashesOf(request.recipient);
    const page = await readPage(
      request,
      2,
      (before, limit) => list.read(recipients, cursorOf(before), limit, originOf(call, clock)),
      (row) => [String(row.createdAt.getTime()), row.messageId],
    );
    return { messages: page.rows.map((row) => this.#toMessage(row)), nextPageToken: page.nextPageToken };
  }

  /** Everything that the text may be: an address, a number, or a device token, which may look like anything. */
  #hashesOf(text: string): Buffer[] {
    const { hash } = this.#parts;
    const addresses = ADDRESS_KINDS.flatMap((kind) => normalise(kind, text) ?? []);
    return [...addresses.map((address) => hash.ofAddress(address)), hash.ofDevtoken(text)];
  }

  #toMessage(row: MessageRow): Message {
    const { keyRing, hasSender } = this.#parts;
    const { recipient, body } = JSON.parse(keyRing.open(placeOf.message(row.messageId), row).toString()) as MessageContent;
    const isShown = row.state === 'QUEUED' && !hasSender(row.channel);
    return {
      messageId: row.messageId,
      channel: CHANNELS[row.channel],
      recipient,
      body: isShown ? (body ?? '') : '',
      state: STATES[row.state],
      createdAt: toTimestamp(row.createdAt),
      attempts: row.attempts,
      nextAttemptAt: row.nextAttemptAt === null || isShown ? undefined : toTimestamp(row.nextAttemptAt),
      lastError: row.lastError ?? '',
    };
  }
}

function cursorOf(texts: readonly string[] | undefined): MessageCursor | undefined {
  const time = integerCursor(texts?.[0]);
  const messageId = texts?.[1];
  if (time === undefined || messageId === undefined) return undefined;
  // The last moment that PostgreSQL and JavaScript both know is later than any message.
  return { createdAt: new Date(Math.min(Number(time), 8.64e15)), messageId };
}
