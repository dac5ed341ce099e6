import type { Sealed } from '../crypto/key_ring.ts';
import type { Run } from './database.ts';
import { valuesOf } from './origin.ts';
import type { Origin } from './origin.ts';

/** The issuers that Keyturn itself is. */
export type IssuerName = 'main' | 'test';

/** A key of an issuer; what is sealed is its private half. */
export interface StoredIssuerKey extends Sealed {
  readonly publicKey: string;
}

/** A key of an issuer, without its private half. */
export interface IssuerKeyRow {
  readonly publicKey: string;
  readonly issuer: IssuerName;
  readonly state: 'ACTIVE' | 'RETIRED' | 'REVOKED';
  readonly createdAt: Date;
  /** Null if it is active. */
  readonly retiredAt: Date | null;
}

const ENSURE = {
  name: 'issuer_ensure',
  text: `with made as (
      insert into issuer (name, current_key) values ($1, $2) on conflict (name) do nothing returning name)
    insert into issuer_key (public_key, issuer, key_id, box, created_at) select $2, name, $3, $4, $5 from made`,
};

const COLUMNS = `public_key as "publicKey", issuer, created_at as "createdAt", retired_at as "retiredAt",
  case when exists (select from issuer where name = issuer_key.issuer and current_key = public_key) then 'ACTIVE' when revoked_at is null then 'RETIRED' else 'REVOKED' end as state`;
/** The clocks of two nodes may differ: the one that signs is the newest whatever they say. */
const NEWEST_FIRST = 'order by retired_at desc nulls first, created_at desc, public_key';

const LIST = { name: 'issuer_key_list', text: `select ${COLUMNS} from issuer_key ${NEWEST_FIRST}` };

const PUBLISHED = {
  name: 'issuer_key_published',
  text: `select public_key as "publicKey" from issuer_key where issuer = 'main' and revoked_at is null ${NEWEST_FIRST}`,
};

/**
 * The key before is looked for by the statement's own snapshot, which a rotation at the same time may have made old: then
 * nothing is changed, and a new statement sees what that one has left.
 */
const ROTATE = {
  name: 'issuer_rotate',
  text: `with
    seen as materialized (select name, current_key from issuer where name = $5),
    moved as (
      update issuer set current_key = $6 from seen where issuer.name = seen.name and issuer.current_key = seen.current_key
      returning issuer.name, seen.current_key as former),
    neu as (insert into issuer_key (public_key, issuer, key_id, box, created_at) select $6, name, $7, $8, $1 from moved),
    old as (update issuer_key set retired_at = greatest($1, issuer_key.created_at) from moved where public_key = moved.former),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $1, '', '', 'issuer_key.rotated', $2, $3, $4, json_build_object('issuer', name, 'public_key', $6::text, 'former_public_key', former) from moved)
    select exists (select from seen) as found, exists (select from moved) as moved`,
};

/** A key that is not active never becomes it again, so that the statement's snapshot is enough to tell. */
const REVOKE = {
  name: 'issuer_key_revoke',
  text: `with
    found as materialized (select ${COLUMNS} from issuer_key where public_key = $5),
    revoked as (
      update issuer_key set revoked_at = $1 from found
      where public_key = found."publicKey" and found.state = 'RETIRED' and revoked_at is null returning public_key, issuer_key.issuer),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $1, '', '', 'issuer_key.revoked', $2, $3, $4, json_build_object('issuer', issuer, 'public_key', public_key) from revoked)
    select * from found`,
};

/** The keys of the issuers that Keyturn itself is. */
export class IssuerStore {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /** Makes an issuer with this key unless there is one: of nodes that start at once, one is first. */
  async ensure(name: IssuerName, { publicKey, keyId, box }: StoredIssuerKey, now: Date): Promise<void> {
    await this.#run(ENSURE, [name, publicKey, keyId, box, now]);
  }

  /** All keys, the newest first. */
  async list(): Promise<IssuerKeyRow[]> {
    return this.#run<IssuerKeyRow>(LIST, []);
  }

  /** The keys by which others check what Keyturn has signed: the one that signs, then those that have signed and are not revoked. */
  async published(): Promise<string[]> {
    const rows = await this.#run<{ publicKey: string }>(PUBLISHED, []);
    return rows.map(({ publicKey }) => publicKey);
  }

  /** Has a new key sign from now on; the one before it is retired. */
  async rotate(name: IssuerName, { publicKey, keyId, box }: StoredIssuerKey, origin: Origin): Promise<void> {
    const values = [...valuesOf(origin), name, publicKey, keyId, box];
    for (;;) {
      const [row] = await this.#run<{ found: boolean; moved: boolean }>(ROTATE, values);
      if (row?.found !== true) throw new Error(`there is no issuer ${name}`);
      // Each time that it is not, another rotation is done.
      if (row.moved) return;
    }
  }

  /** Revokes a key unless it is active, and returns it as it is then; undefined if there is none. */
  async revoke(publicKey: string, origin: Origin): Promise<IssuerKeyRow | undefined> {
    const [found] = await this.#run<IssuerKeyRow>(REVOKE, [...valuesOf(origin), publicKey]);
    return found?.state === 'RETIRED' ? { ...found, state: 'REVOKED' } : found;
  }
}
