import { randomBytes } from 'node:crypto';
import { placeOf } from '../../crypto/key_ring.ts';
import type { KeyRing, Sealed } from '../../crypto/key_ring.ts';
import type { ApplicationStore } from '../../db/application.ts';
import type { ApplicationPrincipal } from './principal.ts';

/** An access key with its secret key, or, if it is not known, with one that nobody has. */
export interface FoundAccessKey {
  readonly secretKey: Buffer;
  /** Who signs with it; undefined if it is not known. */
  readonly principal: ApplicationPrincipal | undefined;
}

const DECOY = placeOf.accessKey('');
/** Of a secret key, in characters. */
const LENGTH = 40;

/** Finds access keys. One that is not known costs the same look-up and decryption. */
export class AccessKeys {
  readonly #store: ApplicationStore;
  readonly #keyRing: KeyRing;
  readonly #decoy: Sealed;

  constructor(store: ApplicationStore, keyRing: KeyRing) {
    this.#store = store;
    this.#keyRing = keyRing;
    this.#decoy = keyRing.seal(DECOY, randomBytes(LENGTH));
  }

  async find(accessKey: string): Promise<FoundAccessKey> {
    const state = await this.#store.findAccessKey(accessKey);
    if (state === undefined) return { secretKey: this.#keyRing.open(DECOY, this.#decoy), principal: undefined };
    const { projectId, actions } = state;
    return {
      secretKey: this.#keyRing.open(placeOf.accessKey(accessKey), state),
      principal: { kind: 'application', actor: `access_key:${accessKey}`, projectId, domain: '', actions: actions === null ? undefined : new Set(actions) },
    };
  }
}
