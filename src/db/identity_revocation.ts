import type { AtFaultPoint } from '../fault_points.ts';
import type { Database, Run, Statement } from './database.ts';
import { MOST_WRONG_TRIES } from './identity_job.ts';
import { lockIdentity, revokeIdentity } from './identity_revoke.ts';
import { insertionOf, valuesOfMessages } from './message.ts';
import type { NewMessage } from './message.ts';
import { valuesOf } from './origin.ts';
import type { Origin } from './origin.ts';
import { settledChange } from './settled.ts';
import { fullSince, takingOf } from './sending_budget.ts';

/** The keyed hashes of an address and a number, by which a key is found. */
export interface BothAddresses {
  readonly email: Buffer;
  readonly phone: Buffer;
}

/** A code that was sent. */
export interface StoredCode {
  readonly codeMac: Buffer;
  readonly wrongTries: number;
  readonly createdAt: Date;
  readonly codeExpiresAt: Date;
}

/** A registered key that holds both addresses. */
export interface RevocableKey {
  readonly pk: string;
  /** The last code that was made, if it is kept. */
  readonly code: StoredCode | undefined;
  /** Since when a budget is used up that was used up last. */
  readonly fullSince: Date | null;
}

/** A code to send to both addresses. */
export interface NewCode extends BothAddresses {
  readonly pk: string;
  readonly codeMac: Buffer;
  readonly codeExpiresAt: Date;
  /** A code that was made later than this by the clock of now is none that counts. */
  readonly latestStart: Date;
  readonly messages: readonly NewMessage[];
}

const READ: Statement = {
  name: 'identity_revocation_read',
  text: `select identity.pk, code.code_mac as "codeMac", code.wrong_tries as "wrongTries", code.created_at as "createdAt", code.expires_at as "codeExpiresAt",
      greatest(${fullSince('email_budget.sent_at', '$3::timestamptz')}, ${fullSince('phone_budget.sent_at', '$3::timestamptz')}) as "fullSince"
    from identity_address email
      join identity_address phone on phone.pk = email.pk and phone.address_mac = $2
      join identity on identity.pk = email.pk and identity.state = 'REGISTERED'
      left join identity_revocation code on code.pk = email.pk
      left join sending_budget email_budget on email_budget.address_mac = $1
      left join sending_budget phone_budget on phone_budget.address_mac = $2
    where email.address_mac = $1`,
};

/** Runs in a transaction that has locked the key; unless a code is made, all of it is rolled back. */
const REQUEST: Statement = {
  name: 'identity_revocation_request',
  text: `with
    key as (
      select email.pk from identity_address email join identity_address phone on phone.pk = email.pk and phone.address_mac = $7
      where email.pk = $5 and email.address_mac = $6),
    budget as (${takingOf('key', '$8', '$1')}),
    code as (
      insert into identity_revocation (pk, code_mac, wrong_tries, created_at, expires_at)
      select pk, $9, 0, $1, $10 from key where (select count(*) from budget) = 2
      on conflict (pk) do update
        set code_mac = excluded.code_mac, wrong_tries = 0, created_at = excluded.created_at, expires_at = excluded.expires_at
        where identity_revocation.wrong_tries >= ${MOST_WRONG_TRIES} or identity_revocation.expires_at <= $1 or identity_revocation.created_at > $11
      returning pk),
    messages as (${insertionOf('code', 12)}),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, identity, action, actor, request_id, peer, details)
      select $1, '', '', pk, 'identity.revocation_requested', $2, $3, $4, '{}' from code)
    select count(*)::int as changed from code`,
};

const COUNT_WRONG: Statement = {
  name: 'identity_revocation_count_wrong',
  text: `with
    code as (
      update identity_revocation set wrong_tries = wrong_tries + 1 where pk = $5 and code_mac = $6 and wrong_tries < ${MOST_WRONG_TRIES} returning pk),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, identity, action, actor, request_id, peer, details)
      select $1, '', '', pk, 'identity.revocation_code_refused', $2, $3, $4, '{}' from code)
    select count(*)::int as changed from code`,
};

/** Of two calls with the right code one gets it, and none once too many wrong ones were counted. */
const SPEND: Statement = {
  name: 'identity_revocation_spend',
  text: `delete from identity_revocation where pk = $1 and code_mac = $2 and wrong_tries < ${MOST_WRONG_TRIES} returning pk`,
};

const READ_CODE: Statement = { name: 'identity_revocation_code', text: 'select from identity_revocation where pk = $1 and code_mac = $2' };
const READ_STATE: Statement = { name: 'identity_revocation_state', text: `select from identity where pk = $1 and state = 'REVOKED'` };

/** Codes that revoke a key without its secret (contracts/authentiq.md 7.2). */
export class RevocationStore {
  readonly #database: Pick<Database, 'run' | 'transaction'>;
  readonly #atFaultPoint: AtFaultPoint | undefined;

  constructor(database: Pick<Database, 'run' | 'transaction'>, atFaultPoint?: AtFaultPoint) {
    this.#database = database;
    this.#atFaultPoint = atFaultPoint;
  }

  /** The key that holds both, with what the checks of a call need. */
  async read({ email, phone }: BothAddresses, now: Date): Promise<RevocableKey | undefined> {
    const [row] = await this.#database.run<KeyRow>(READ, [email, phone, now]);
    if (row === undefined) return undefined;
    const { pk, fullSince: full, codeMac, wrongTries, createdAt, codeExpiresAt } = row;
    const hasCode = codeMac !== null && wrongTries !== null && createdAt !== null && codeExpiresAt !== null;
    return { pk, fullSince: full, code: hasCode ? { codeMac, wrongTries, createdAt, codeExpiresAt } : undefined };
  }

  /**
   * Stores a code with its messages, and takes a sending from the budget of each address. False, and nothing has changed,
   * if a code is open by now, a budget is used up, or the key does not hold both any more.
   */
  request(code: NewCode, origin: Origin): Promise<boolean> {
    const { pk, email, phone, codeMac, codeExpiresAt, latestStart, messages } = code;
    const macs = [email, phone].toSorted((one, other) => one.compare(other));
    const values = [...valuesOf(origin), pk, email, phone, macs, codeMac, codeExpiresAt, latestStart, ...valuesOfMessages(messages)];
    const work = async (run: Run): Promise<boolean> => {
      if ((await lockIdentity(run, pk)) !== 'REGISTERED') return false;
      const [row] = await run<{ changed: number }>(REQUEST, values);
      return row?.changed === 1;
    };
    return this.#write(work, () => this.#has(READ_CODE, [pk, codeMac]));
  }

  /** Counts a wrong code for the one that is stored. */
  async countWrong(pk: string, { codeMac }: Pick<StoredCode, 'codeMac'>, origin: Origin): Promise<void> {
    await this.#database.run(COUNT_WRONG, [...valuesOf(origin), pk, codeMac]);
  }

  /** Revokes a key by its code; false if that was spent, replaced or made void by others. */
  revoke(pk: string, { codeMac }: Pick<StoredCode, 'codeMac'>, origin: Origin): Promise<boolean> {
    const work = async (run: Run): Promise<boolean> => {
      await lockIdentity(run, pk);
      const spent = await run(SPEND, [pk, codeMac]);
      return spent.length === 1 && revokeIdentity(run, pk, 'code', origin);
    };
    return this.#write(work, () => this.#has(READ_STATE, [pk]));
  }

  #write(work: (run: Run) => Promise<boolean>, isDone: () => Promise<boolean>): Promise<boolean> {
    return settledChange(() => this.#allOrNothing(work), isDone, this.#atFaultPoint);
  }

  /** Rolls back what did not come to its end. */
  async #allOrNothing(work: (run: Run) => Promise<boolean>): Promise<boolean> {
    try {
      await this.#database.transaction(async (run) => {
        if (!(await work(run))) throw new Undone();
      });
      return true;
    } catch (error) {
      if (error instanceof Undone) return false;
      throw error;
    }
  }

  async #has(statement: Statement, values: readonly unknown[]): Promise<boolean> {
    return (await this.#database.run(statement, values)).length === 1;
  }
}

/** Rolls a transaction back. */
class Undone extends Error {}

/** The columns of the code are null without one. */
interface KeyRow {
  pk: string;
  fullSince: Date | null;
  codeMac: Buffer | null;
  wrongTries: number | null;
  createdAt: Date | null;
  codeExpiresAt: Date | null;
}
