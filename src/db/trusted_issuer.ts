import type { Run } from './database.ts';
import { valuesOf } from './origin.ts';
import type { Origin } from './origin.ts';

/** Which keys are asked for: those that may sign for an `iss`. The test issuer has none. */
export interface TrustQuery {
  /** The `iss` of an issuer outside; empty: of none. */
  readonly outside: string;
  /** Whether it is the issuer that Keyturn itself is. */
  readonly isOwn: boolean;
  /** Keys of the issuer outside that the settings give. */
  readonly given: readonly string[];
}

/** Keyturn's own keys count until they are revoked; one that was revoked counts for nobody, whoever trusts it besides. */
const KEYS = {
  name: 'trusted_issuer_keys',
  text: `select public_key as "publicKey" from issuer_key where $2::boolean and issuer = 'main' and revoked_at is null
    union all
    select public_key from (
        select public_key from trusted_issuer where issuer = $1 union all select unnest($3::text[])) as trusted
      where not exists (select from issuer_key where issuer_key.public_key = trusted.public_key and issuer_key.revoked_at is not null)`,
};

/** An issuer outside and one of its keys. */
export interface TrustedIssuerRow {
  readonly issuer: string;
  readonly publicKey: string;
  readonly createdAt: Date;
}

const CREATE = {
  name: 'trusted_issuer_create',
  text: `with
    neu as (
      insert into trusted_issuer (issuer, public_key, created_at) values ($5, $6, $1)
      on conflict (issuer, public_key) do nothing returning issuer, public_key, created_at),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $1, '', '', 'trusted_issuer.created', $2, $3, $4, json_build_object('issuer', issuer, 'public_key', public_key) from neu)
    select coalesce((select created_at from neu), (select created_at from trusted_issuer where issuer = $5 and public_key = $6), $1) as "createdAt"`,
};

const LIST = {
  name: 'trusted_issuer_list',
  text: 'select issuer, public_key as "publicKey", created_at as "createdAt" from trusted_issuer order by issuer, public_key',
};

const REMOVE = {
  name: 'trusted_issuer_remove',
  text: `with
    old as (delete from trusted_issuer where issuer = $5 and ($6::text is null or public_key = $6) returning issuer, public_key),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $1, '', '', 'trusted_issuer.removed', $2, $3, $4, json_build_object('issuer', issuer, 'public_key', public_key) from old)
    select count(*)::int as removed from old`,
};

/** The issuers outside that the operator trusts. */
export class TrustedIssuerStore {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /** The keys that may sign for an `iss`. */
  async keys({ outside, isOwn, given }: TrustQuery): Promise<string[]> {
    const rows = await this.#run<{ publicKey: string }>(KEYS, [outside, isOwn, given]);
    return rows.map(({ publicKey }) => publicKey);
  }

  /** Trusts a key of an issuer; returns since when it is trusted, which may be long. */
  async create(issuer: string, publicKey: string, origin: Origin): Promise<Date> {
    const [row] = await this.#run<{ createdAt: Date }>(CREATE, [...valuesOf(origin), issuer, publicKey]);
    return row?.createdAt ?? origin.at;
  }

  /** All of them in the order of their names. */
  async list(): Promise<TrustedIssuerRow[]> {
    return this.#run<TrustedIssuerRow>(LIST, []);
  }

  /** Trusts a key of an issuer no more, or none of its keys; false if there is none. */
  async remove(issuer: string, publicKey: string | undefined, origin: Origin): Promise<boolean> {
    const [row] = await this.#run<{ removed: number }>(REMOVE, [...valuesOf(origin), issuer, publicKey ?? null]);
    return (row?.removed ?? 0) > 0;
  }
}
