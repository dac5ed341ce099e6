import type { Sealed } from '../crypto/key_ring.ts';
import type { Run } from './database.ts';

/** The issuers that Keyturn itself is. */
export type IssuerName = 'main' | 'test';

/** A key of an issuer; what is sealed is its private half. */
export interface StoredIssuerKey extends Sealed {
  readonly publicKey: string;
}

const ENSURE = {
  name: 'issuer_ensure',
  text: `with made as (
      insert into issuer (name, current_key) values ($1, $2) on conflict (name) do nothing returning name)
    insert into issuer_key (public_key, issuer, key_id, box, created_at) select $2, name, $3, $4, $5 from made`,
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
}
