import type { Sealed } from '../crypto/key_ring.ts';
import type { AtFaultPoint } from '../fault_points.ts';
import { isDeadlock, violatedConstraint } from './database.ts';
import type { Database, Run, Statement } from './database.ts';
import { lockIdentity, revokeIdentity } from './identity_revoke.ts';
import type { IdentityState, RevocationCause } from './identity_revoke.ts';
import { valuesOf } from './origin.ts';
import type { Origin } from './origin.ts';
import { settledChange } from './settled.ts';

/** What the checks of all calls need to know of a key. */
export interface StoredIdentity {
  readonly state: IdentityState;
  /** SHA-256 of the secret that revokes it. */
  readonly secretSha256: Buffer;
  /** The last `iat` that was accepted, seconds since 1970. */
  readonly lastIat: number | null;
  readonly registeredAt: Date;
}

/** What the operator sees of a key. */
export interface ShownIdentity {
  readonly pk: string;
  readonly state: IdentityState;
  readonly claimedPk: string | null;
  readonly registeredAt: Date;
  readonly revokedAt: Date | null;
  readonly hasEmail: boolean;
  readonly hasPhone: boolean;
  readonly hasDevtoken: boolean;
}

/** What a JWT says of the key that has signed it. */
interface Registration {
  readonly pk: string;
  readonly claimedPk: string | undefined;
  readonly devtoken: Sealed | undefined;
  /** Seconds since 1970. */
  readonly iat: number | undefined;
}

export interface NewIdentity extends Registration {
  readonly secretSha256: Buffer;
}

/** The keyed hash of an address or number. */
export interface BoundAddress {
  readonly kind: 'email' | 'phone';
  readonly mac: Buffer;
  /** The key of the issuer who vouches for it; undefined: the identity key itself says so. */
  readonly vouchedBy?: string;
}

export interface IdentityChange extends Registration {
  readonly action: 'identity.bound' | 'identity.updated';
  /** Whether a `claimedPk` or `devtoken` that is not given is removed; else it stays. */
  readonly replaces: boolean;
  /** At most one of each kind, which replaces the former one. */
  readonly addresses: readonly BoundAddress[];
  /** Whether an `iat` that is older than the last one, or none after one, is refused. */
  readonly guarded: boolean;
}

/**
 * What became of a change; unless it is `changed`, nothing has changed. `duplicate`: an address is bound to another key.
 * `overtaken`: the key is not registered any more, or has sent a newer `iat`.
 */
export type IdentityChangeResult = 'changed' | 'duplicate' | 'overtaken';

const READ: Statement = {
  name: 'identity_read',
  text: `select state, secret_sha256 as "secretSha256", last_iat::float8 as "lastIat", registered_at as "registeredAt" from identity where pk = $1`,
};

const SHOW: Statement = {
  name: 'identity_show',
  text: `select pk, state, claimed_pk as "claimedPk", registered_at as "registeredAt", revoked_at as "revokedAt", box is not null as "hasDevtoken",
      exists (select from identity_address a where a.pk = i.pk and a.kind = 'email') as "hasEmail",
      exists (select from identity_address a where a.pk = i.pk and a.kind = 'phone') as "hasPhone"
    from identity i where pk = $1`,
};

const REGISTER: Statement = {
  name: 'identity_register',
  text: `with
    made as (
      insert into identity (pk, state, secret_sha256, claimed_pk, key_id, box, last_iat, registered_at)
      values ($5, 'REGISTERED', $6, $7, $8, $9, $10, $1)
      on conflict (pk) do nothing returning pk),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, identity, action, actor, request_id, peer, details)
      select $1, '', '', pk, 'identity.registered', $2, $3, $4, $11::json from made)
    select count(*)::int as changed from made`,
};

/**
 * The key's row is locked first, and the addresses come in one order for all keys, so that calls hardly ever wait for each
 * other. A binding that stays as it is is not written anew. An open code went to the addresses of before, for which alone it
 * counts: with another one it is gone, so that the next can be asked for.
 */
const CHANGE: Statement = {
  name: 'identity_change',
  text: `with
    changed as (
      update identity set
        claimed_pk = case when $6::boolean or $7::text is not null then $7 else claimed_pk end,
        key_id = case when $6 or $9::bytea is not null then $8::text else key_id end,
        box = case when $6 or $9 is not null then $9 else box end,
        last_iat = greatest(last_iat, $10::bigint)
      where pk = $5 and state = 'REGISTERED' and (not $11::boolean or last_iat is null or $10 >= last_iat)
      returning pk),
    addresses as (
      insert into identity_address (pk, kind, address_mac, bound_at)
      select pk, given.kind, given.address_mac, $1 from changed cross join unnest($12::text[], $13::bytea[]) as given (kind, address_mac)
      on conflict (pk, kind) do update set address_mac = excluded.address_mac, bound_at = excluded.bound_at
        where identity_address.address_mac <> excluded.address_mac
      returning pk),
    code as (delete from identity_revocation where pk = $5 and exists (select from addresses)),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, identity, action, actor, request_id, peer, details)
      select $1, '', '', pk, $14::text, $2, $3, $4, $15::json from changed)
    select count(*)::int as changed from changed`,
};

/** What a call has done last; it looks back a little, because others may have come after it. */
const RECORDED: Statement = {
  name: 'identity_recorded',
  text: `select from (
      select action, occurred_at, request_id from audit_event where identity = $1 order by xact desc, event_id desc limit 64) as latest
    where action = $2 and occurred_at = $3 and request_id = $4`,
};

const KINDS = ['email', 'phone'];
const MOST_ATTEMPTS = 5;

/** Identity keys (contracts/authentiq.md sections 6 and 7.1): one read and one write for a call. */
export class IdentityStore {
  readonly #database: Pick<Database, 'run' | 'transaction'>;
  readonly #atFaultPoint: AtFaultPoint | undefined;

  constructor(database: Pick<Database, 'run' | 'transaction'>, atFaultPoint?: AtFaultPoint) {
    this.#database = database;
    this.#atFaultPoint = atFaultPoint;
  }

  async read(pk: string): Promise<StoredIdentity | undefined> {
    const [row] = await this.#database.run<StoredIdentity>(READ, [pk]);
    return row;
  }

  async show(pk: string): Promise<ShownIdentity | undefined> {
    const [row] = await this.#database.run<ShownIdentity>(SHOW, [pk]);
    return row;
  }

  /** Registers a key; false if it is or was registered. */
  async register(identity: NewIdentity, origin: Origin): Promise<boolean> {
    const { pk, secretSha256, claimedPk, devtoken, iat } = identity;
    const values = [...valuesOf(origin), pk, secretSha256, claimedPk, devtoken?.keyId, devtoken?.box, iat, detailsOf(identity)];
    const isDone = async (): Promise<boolean> => (await this.read(pk))?.secretSha256.equals(secretSha256) === true;
    return settledChange(() => isChanged(this.#database.run, REGISTER, values), isDone, this.#atFaultPoint);
  }

  /** Changes a registration and binds addresses, all or nothing. */
  async change(change: IdentityChange, origin: Origin): Promise<IdentityChangeResult> {
    const { pk, action, replaces, claimedPk, devtoken, iat, guarded } = change;
    const addresses = change.addresses.toSorted((one, other) => KINDS.indexOf(one.kind) - KINDS.indexOf(other.kind));
    const values = [
      ...valuesOf(origin), pk, replaces, claimedPk, devtoken?.keyId, devtoken?.box, iat, guarded,
      addresses.map(({ kind }) => kind), addresses.map(({ mac }) => mac), action, detailsOf(change, { replaces, addresses }),
    ];
    const work = (): Promise<boolean> => undeadlocked(() => isChanged(this.#database.run, CHANGE, values));
    try {
      const hasChanged = await settledChange(work, () => this.#isRecorded(pk, action, origin), this.#atFaultPoint);
      return hasChanged ? 'changed' : 'overtaken';
    } catch (error) {
      if (violatedConstraint(error) === 'identity_address_mac_index') return 'duplicate';
      throw error;
    }
  }

  /** Revokes a key (see `revokeIdentity`); false if it is not registered, or not any more. */
  async revoke(pk: string, cause: RevocationCause, origin: Origin): Promise<boolean> {
    const work = async (run: Run): Promise<boolean> => (await lockIdentity(run, pk)) === 'REGISTERED' && revokeIdentity(run, pk, cause, origin);
    return settledChange(() => this.#database.transaction(work), () => this.#isRecorded(pk, 'identity.revoked', origin), this.#atFaultPoint);
  }

  /** Whether the change of a call has its audit event. */
  async #isRecorded(pk: string, action: string, { at, requestId }: Origin): Promise<boolean> {
    return (await this.#database.run(RECORDED, [pk, action, at, requestId])).length > 0;
  }
}

/** Two keys that exchange their addresses wait for each other: one of them is rolled back, and comes again. */
async function undeadlocked<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isDeadlock(error) || attempt === MOST_ATTEMPTS) throw error;
    }
  }
}

async function isChanged(run: Run, statement: Statement, values: readonly unknown[]): Promise<boolean> {
  const [row] = await run<{ changed: number }>(statement, values);
  return row?.changed === 1;
}

/** The members that are set or removed, by their names in the contract, and the keys of issuers: should one leak, that tells what hangs on it. */
function detailsOf({ claimedPk, devtoken }: Registration, { replaces = false, addresses = [] }: Partial<IdentityChange> = {}): string {
  const registration = { pk: replaces || claimedPk !== undefined, devtoken: replaces || devtoken !== undefined };
  const names = Object.entries(registration).flatMap(([name, isSet]) => (isSet ? [name] : []));
  const issuerKeys = new Set(addresses.flatMap(({ vouchedBy }) => vouchedBy ?? []));
  return JSON.stringify({
    changed: [...names, ...addresses.map(({ kind }) => kind)].join(','),
    ...(issuerKeys.size === 0 ? {} : { issuer_key: [...issuerKeys].join(',') }),
  });
}
