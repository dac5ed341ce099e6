import { createHmac, createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Address } from './address.ts';

/** HMAC-SHA-256 with the key of the service: what is stored in the place of what can be guessed. */
export class KeyedHash {
  /** Ready to use: from bytes it would be made anew for each hash, which takes several times as long as the hash. */
  readonly #key: KeyObject;

  /** `key`: 32 bytes. */
  constructor(key: Buffer) {
    this.#key = createSecretKey(key);
  }

  /** Of an address or number (contracts/authentiq.md section 4). */
  ofAddress({ kind, value }: Address): Buffer {
    return this.#mac(`${kind}:${value}`);
  }

  /** Of a device token that messages go to. */
  ofDevtoken(devtoken: string): Buffer {
    return this.#mac(`devtoken:${devtoken}`);
  }

  /** Of a code for a job, or for the revocation of a key: a code means nothing anywhere else. */
  ofCode(purpose: 'job' | 'revocation', subject: string, code: string): Buffer {
    return this.#mac(`code:${purpose}:${subject}:${code}`);
  }

  #mac(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest();
  }
}
