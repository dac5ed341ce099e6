import { randomUUID } from 'node:crypto';
import { placeOf } from '../../crypto/key_ring.ts';
import type { KeyRing } from '../../crypto/key_ring.ts';
import type { NewMessage } from '../../db/message.ts';
import type { Address } from '../addresses/address.ts';
import type { KeyedHash } from '../addresses/keyed_hash.ts';

/** What is sealed of a message; what it says is dropped once it need not be sent any more. */
export interface MessageContent {
  readonly recipient: string;
  readonly subject?: string;
  readonly body?: string;
}

/** What a message belongs to. */
export interface MessageOwner {
  /** The identity key that it is sent for. */
  readonly pk: string;
  /** The job that it is gone with. */
  readonly jobId: string | undefined;
}

const DAY = 86_400_000;

/** Makes messages, sealed and ready to be stored with the change that they belong to. */
export class Outgoing {
  readonly #keyRing: KeyRing;
  readonly #hash: KeyedHash;

  constructor(keyRing: KeyRing, hash: KeyedHash) {
    this.#keyRing = keyRing;
    this.#hash = hash;
  }

  /** A code for an address or number, of use until `until`. */
  code(address: Address, code: string, what: string, owner: MessageOwner, now: Date, until: Date): NewMessage {
    const minutes = Math.round((until.getTime() - now.getTime()) / 60_000);
    const body = `Your code is ${code}. It counts for ${minutes} minutes and is to ${what}. If you did not ask for it, do nothing, and give it to nobody.`;
    const [channel, subject] = address.kind === 'email' ? (['EMAIL', { subject: 'Your code' }] as const) : (['SMS', {}] as const);
    return this.#make(channel, { recipient: address.value, ...subject, body }, this.#hash.ofAddress(address), owner, now, until);
  }

  /** A login for the device of a key. */
  push(devtoken: string, body: string, owner: MessageOwner, now: Date, until: Date): NewMessage {
    return this.#make('PUSH', { recipient: devtoken, body }, this.#hash.ofDevtoken(devtoken), owner, now, until);
  }

  #make(channel: NewMessage['channel'], content: MessageContent, recipientMac: Buffer, owner: MessageOwner, now: Date, deliverUntil: Date): NewMessage {
    const messageId = randomUUID();
    const sealed = this.#keyRing.seal(placeOf.message(messageId), JSON.stringify(content));
    return { messageId, channel, recipientMac, ...sealed, ...owner, createdAt: now, deliverUntil, expiresAt: new Date(now.getTime() + DAY) };
  }
}
