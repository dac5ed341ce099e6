import type { Run } from './database.ts';

/** Which keys are asked for: those that may sign for an `iss`. */
export interface TrustQuery {
  /** The `iss` of an issuer outside; empty: of none. */
  readonly outside: string;
  /** Whether it is the issuer that Keyturn itself is. */
  readonly isOwn: boolean;
  /** Keys of the issuer outside that the settings give. */
  readonly given: readonly string[];
}

/**
 * The text of a query of the keys that may sign for an `iss`, as a part of a larger statement, whose three values begin at
 * number `first`. Its column is `public_key`, the newest key first. Keyturn's own keys count until they are revoked; one
 * that was revoked counts for nobody, whoever trusts it besides. The test issuer is none of these.
 */
export function keysInTrust(first: number): string {
  const [outside, isOwn, given] = [0, 1, 2].map((index) => `$${first + index}`);
  return `select trusted.public_key from (
      select public_key, created_at from issuer_key where ${isOwn}::boolean and issuer = 'main'
      union all select public_key, created_at from trusted_issuer where issuer = ${outside}::text
      union all select unnest(${given}::text[]), null) as trusted
    where not exists (select from issuer_key where public_key = trusted.public_key and revoked_at is not null)
    order by trusted.created_at desc nulls first`;
}

/** The values of `keysInTrust`. */
export function valuesOfTrust({ outside, isOwn, given }: TrustQuery): readonly [string, boolean, readonly string[]] {
  return [outside, isOwn, given];
}

const KEYS = { name: 'trusted_issuer_keys', text: keysInTrust(1) };

/** The issuers outside that the operator trusts. */
export class TrustedIssuerStore {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /** The keys that may sign for an `iss`, the newest first. */
  async keys(query: TrustQuery): Promise<string[]> {
    const rows = await this.#run<{ public_key: string }>(KEYS, valuesOfTrust(query));
    return rows.map(({ public_key: publicKey }) => publicKey);
  }
}
