import { parseKeyRing } from '../../src/config/index.ts';
import { KeyRing, placeOf } from '../../src/crypto/key_ring.ts';
import type { Sealed } from '../../src/crypto/key_ring.ts';
import type { Database } from '../../src/db/database.ts';
import { insertionOf, valuesOfMessages } from '../../src/db/message.ts';
import type { NewMessage } from '../../src/db/message.ts';
import { ServiceKeyStore } from '../../src/db/service_key.ts';
import { KeyedHash } from '../../src/services/addresses/keyed_hash.ts';
import type { MessageContent } from '../../src/services/messages/outgoing.ts';
import { Outgoing } from '../../src/services/messages/outgoing.ts';
import { MASTER_KEYS } from '../support/service.ts';
import type { TestService } from '../support/service.ts';

export const PK = 'dR1cZzYf-uC6r5L1VOmnKj22AvDCTQR2FYJ6qpGip6U';
/** The code of every message of the tests: it is looked for where it must not be. */
export const CODE = '739105';

/** Settings with which e-mail goes to a mail server of the tests. */
export function mailSettings({ port }: { readonly port: number }): Record<string, string> {
  return { KEYTURN_SMTP_URL: `smtp://127.0.0.1:${port}`, KEYTURN_MAIL_FROM: 'Keyturn <codes@keyturn.example>' };
}

/** The metrics of a service without their values, whose digits may be anything. */
export async function seriesOf({ url }: Pick<TestService, 'url'>): Promise<string> {
  return (await (await fetch(`${url}/metrics`)).text()).replaceAll(/ \S+$/gm, '');
}

/** A message as it lies in the database. */
export interface StoredMessage extends Sealed {
  readonly messageId: string;
  readonly channel: NewMessage['channel'];
  readonly state: string;
  readonly attempts: number;
  readonly nextAttemptAt: Date | null;
  readonly lastError: string | null;
  readonly content: MessageContent;
}

export interface Queued {
  readonly now?: Date;
  /** From now, milliseconds. */
  readonly countsFor?: number;
  readonly jobId?: string;
  /** That were made before. */
  readonly attempts?: number;
}

/** Puts messages into the queue of a service, and looks at what became of them. */
export class TestQueue {
  readonly #database: Pick<Database, 'run' | 'transaction'>;
  readonly #keyRing = new KeyRing(parseKeyRing(MASTER_KEYS));
  readonly #outgoing: Outgoing;

  private constructor(database: Pick<Database, 'run' | 'transaction'>, hashKey: (keyRing: KeyRing) => Buffer) {
    this.#database = database;
    this.#outgoing = new Outgoing(this.#keyRing, new KeyedHash(hashKey(this.#keyRing)));
  }

  /** The service must have been started once on the database. */
  static async of(database: Pick<Database, 'run' | 'transaction'>): Promise<TestQueue> {
    const sealed = await new ServiceKeyStore(database.run).read('address_hash');
    if (sealed === undefined) throw new Error('no service was started on this database');
    return new TestQueue(database, (keyRing) => keyRing.open(placeOf.serviceKey('address_hash'), sealed));
  }

  /** A code to an address or number; returns the id of the message. */
  async code(kind: 'email' | 'phone', value: string, { now = new Date(), countsFor = 600_000, jobId, attempts }: Queued = {}): Promise<string> {
    const until = new Date(now.getTime() + countsFor);
    return this.#put(this.#outgoing.code({ kind, value }, CODE, 'confirm an address', { pk: PK, jobId }, now, until), attempts);
  }

  async push(devtoken: string, body: object, { now = new Date(), countsFor = 300_000, jobId, attempts }: Queued = {}): Promise<string> {
    const until = new Date(now.getTime() + countsFor);
    return this.#put(this.#outgoing.push(devtoken, JSON.stringify(body), { pk: PK, jobId }, now, until), attempts);
  }

  async #put(message: NewMessage, attempts = 0): Promise<string> {
    const text = `with one as (select 1) ${insertionOf('one', 1)}`;
    await this.#database.transaction(async (run) => {
      await run({ name: 'test_message_insert', text }, valuesOfMessages([message]));
      await run({ name: 'test_message_attempts', text: 'update message set attempts = $2 where message_id = $1' }, [message.messageId, attempts]);
    });
    return message.messageId;
  }

  /** Undefined if it is gone. */
  async find(messageId: string): Promise<StoredMessage | undefined> {
    return (await this.all()).find((message) => message.messageId === messageId);
  }

  async all(): Promise<StoredMessage[]> {
    const rows = await this.#database.run<Omit<StoredMessage, 'content'>>({ name: 'test_message_all', text: `select message_id as "messageId", channel, state, attempts,
      next_attempt_at as "nextAttemptAt", last_error as "lastError", key_id as "keyId", box from message order by created_at, message_id` }, []);
    const contentOf = (row: Sealed & { messageId: string }): MessageContent => JSON.parse(this.#keyRing.open(placeOf.message(row.messageId), row).toString()) as MessageContent;
    return rows.map((row) => Object.assign(row, { content: contentOf(row) }));
  }
}
