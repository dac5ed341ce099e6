import type { Sealed } from '../crypto/key_ring.ts';
import type { Run } from './database.ts';
import type { IdentityState } from './identity_revoke.ts';
import { MESSAGE_VALUES, insertionOf, valuesOfMessages } from './message.ts';
import type { NewMessage } from './message.ts';
import { valuesOf } from './origin.ts';
import type { Origin } from './origin.ts';

/** Whom a login would reach. */
export interface LoginTarget {
  readonly state: IdentityState;
  /** The device token; undefined if the key has none. */
  readonly devtoken: Sealed | undefined;
}

const READ = { name: 'login_read', text: 'select state, key_id as "keyId", box from identity where pk = $1' };

/** The key's row is locked first: whoever revokes it meanwhile waits, and then deletes the message too. */
const QUEUE = {
  name: 'login_queue',
  text: `with
    holder as (select pk from identity where pk = $5 and state = 'REGISTERED' for share),
    queued as (${insertionOf('holder', 6)}),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, identity, action, actor, request_id, peer, details)
      select $1, '', '', pk, 'identity.login_queued', $2, $3, $4, $${6 + MESSAGE_VALUES}::json from holder)
    select count(*)::int as queued from holder`,
};

/** Logins that are pushed to the device of a key (contracts/authentiq.md 7.3): one read and one write. */
export class LoginStore {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /** Undefined if there is no such key. */
  async read(pk: string): Promise<LoginTarget | undefined> {
    const [row] = await this.#run<{ state: IdentityState; keyId: string | null; box: Buffer | null }>(READ, [pk]);
    if (row === undefined) return undefined;
    const { state, keyId, box } = row;
    return { state, devtoken: keyId === null || box === null ? undefined : { keyId, box } };
  }

  /** Queues the message of a login, also if its device token was replaced since; false if the key is not registered any more. */
  async queue(message: NewMessage, origin: Origin): Promise<boolean> {
    const details = JSON.stringify({ message_id: message.messageId });
    const [row] = await this.#run<{ queued: number }>(QUEUE, [...valuesOf(origin), message.pk, ...valuesOfMessages([message]), details]);
    return row?.queued === 1;
  }
}
