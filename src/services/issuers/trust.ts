import type { TrustQuery, TrustedIssuerStore } from '../../db/trusted_issuer.ts';
import type { TrustedIssuerSetting } from '../../settings.ts';

/** What stands behind the `iss` of the issuer that Keyturn is, in that of its test issuer. */
const TEST = '/test';
/** The longest name of an issuer, characters. */
const MOST_LENGTH = 512;

/** Whose countersigned JWTs count (contracts/authentiq.md 6.5). */
export class Trust {
  readonly #store: TrustedIssuerStore;
  readonly #issuer: () => string;
  readonly #settings: readonly TrustedIssuerSetting[];

  constructor(store: TrustedIssuerStore, issuer: () => string, settings: readonly TrustedIssuerSetting[]) {
    this.#store = store;
    this.#issuer = issuer;
    this.#settings = settings;
  }

  /** The keys that may sign for an `iss`: 43 characters each; none if it is not trusted. */
  async keysOf(iss: string): Promise<readonly string[]> {
    return this.#store.keys(this.#queryOf(iss));
  }

  /** Whether it is Keyturn itself or its test issuer, for which nobody else signs. */
  isOurs(iss: string): boolean {
    return iss === this.#issuer() || iss === testIssuerOf(this.#issuer());
  }

  #queryOf(iss: string): TrustQuery {
    if (this.isOurs(iss)) return { outside: '', isOwn: iss === this.#issuer(), given: [] };
    // The database would refuse a NUL, which no issuer has in its name.
    if (iss.length > MOST_LENGTH || iss.includes('\0')) return { outside: '', isOwn: false, given: [] };
    return { outside: iss, isOwn: false, given: this.#settings.filter(({ issuer }) => issuer === iss).map(({ publicKey }) => publicKey) };
  }
}

/** The `iss` of the test issuer. */
export function testIssuerOf(iss: string): string {
  return `${iss}${TEST}`;
}
