import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import type { KeyRing } from '../../crypto/key_ring.ts';
import { placeOf } from '../../crypto/key_ring.ts';
import type { IssuerName, IssuerStore, StoredIssuerKey } from '../../db/issuer.ts';
import type { SigningKey } from './issued_jwt.ts';

/** Makes and opens the keys by which Keyturn countersigns. */
export class IssuerKeys {
  readonly #keyRing: KeyRing;
  readonly #store: IssuerStore;
  /** By public key. There are as many as there were rotations. */
  readonly #opened = new Map<string, SigningKey>();

  constructor(keyRing: KeyRing, store: IssuerStore) {
    this.#keyRing = keyRing;
    this.#store = store;
  }

  /** Makes the first key of an issuer that has none. */
  async ensure(name: IssuerName, now: Date): Promise<void> {
    await this.#store.ensure(name, this.make(), now);
  }

  /** A new key: its private half sealed, as PKCS #8 in DER. */
  make(): StoredIssuerKey {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const name = String(publicKey.export({ format: 'jwk' }).x);
    // A command line would take it for an option.
    if (name.startsWith('-')) return this.make();
    return { publicKey: name, ...this.#keyRing.seal(placeOf.issuerKey(name), privateKey.export({ type: 'pkcs8', format: 'der' })) };
  }

  /** A stored key, ready to sign; it is opened once. */
  open(stored: StoredIssuerKey): SigningKey {
    const { publicKey } = stored;
    const known = this.#opened.get(publicKey);
    if (known !== undefined) return known;
    const der = this.#keyRing.open(placeOf.issuerKey(publicKey), stored);
    const opened = { publicKey, privateKey: createPrivateKey({ key: der, type: 'pkcs8', format: 'der' }) };
    this.#opened.set(publicKey, opened);
    return opened;
  }
}
