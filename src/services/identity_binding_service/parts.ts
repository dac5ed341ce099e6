import type { Clock } from '../../clock.ts';
import type { KeyRing } from '../../crypto/key_ring.ts';
import type { IdentityStore } from '../../db/identity.ts';
import type { AuthentiqSettings } from '../../settings.ts';
import type { IssuerKeys } from '../issuers/issuer_keys.ts';
import type { Trust } from '../issuers/trust.ts';
import type { Outgoing } from '../messages/outgoing.ts';
import type { KeyedHash } from '../addresses/keyed_hash.ts';

/** What the calls of IdentityBindingService stand on. */
export interface IdentityParts {
  readonly identities: IdentityStore;
  readonly keyRing: KeyRing;
  readonly hash: KeyedHash;
  readonly issuerKeys: IssuerKeys;
  /** The `iss` of the issuer that Keyturn is; that of its test issuer ends in `/test`. */
  readonly issuer: () => string;
  /** Whose countersigned JWTs count. */
  readonly trust: Trust;
  readonly outgoing: Outgoing;
  /** Has messages sent that were just stored. */
  readonly wake: () => void;
  readonly settings: AuthentiqSettings;
  readonly clock: Clock;
}
