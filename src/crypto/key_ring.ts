import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** A key of the key ring. */
export interface MasterKey {
  /** 1 to 64 characters of `A-Za-z0-9._-`. */
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

/** A key as ciphers take it. */
interface RingKey extends MasterKey {
  readonly imported: KeyObject;
}

const KEY_BYTES = 32;
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A new key, with an id that tells when it was made. */
export function newMasterKey(now = new Date()): MasterKey {
  return { id: `${now.toISOString().slice(0, 10)}-${randomBytes(4).toString('hex')}`, key: randomBytes(KEY_BYTES) };
}

/** A key ring as text: `ID:BASE64` by comma, the key that encrypts first. */
export function formatKeyRing(keys: readonly MasterKey[]): string {
  return keys.map(({ id, key }) => `${id}:${key.toString('base64')}`).join(',');
}

/** A value encrypted at rest, with the id of the key that opens it. */
export interface Sealed {
  readonly keyId: string;
  readonly box: Buffer;
}

/** Where a sealed value is stored, such as its table, row and column: it opens nowhere else. */
export type Place = readonly string[];

/**
 * The keys that encrypt stored secrets: AES-256-GCM with a random nonce, and
 * the place as associated data. The first key encrypts, all of them open.
 * A box is a version byte, the nonce, the ciphertext and the tag.
 */
export class KeyRing {
  #keys: ReadonlyMap<string, RingKey>;
  #active: RingKey;

  /** Throws an Error if there is no key, or if two have one id. */
  constructor(keys: readonly MasterKey[]) {
    const [active] = keys.map(toRingKey);
    if (active === undefined) throw new Error('a key ring needs a key');
    this.#active = active;
    this.#keys = new Map(keys.map((key) => [key.id, toRingKey(key)]));
    if (this.#keys.size < keys.length) throw new Error('two keys of the key ring have one id');
  }

  /** The ids of its keys, the one that encrypts first. */
  get ids(): readonly string[] {
    return [...this.#keys.keys()];
  }

  /** Its keys, the one that encrypts first: for whoever keeps them. */
  get keys(): readonly MasterKey[] {
    return Array.from(this.#keys.values(), ({ id, key }) => ({ id, key }));
  }

  /** Puts a new key first, which encrypts from now on. */
  activate(key: MasterKey): void {
    if (this.#keys.has(key.id)) throw new Error(`the key ring has a key ${key.id} already`);
    this.#active = toRingKey(key);
    this.#keys = new Map([[key.id, this.#active], ...this.#keys]);
  }

  seal(place: Place, value: string | Uint8Array): Sealed {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#active.imported, nonce).setAAD(associated(place));
    const box = Buffer.concat([Buffer.of(VERSION), nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()]);
    return { keyId: this.#active.id, box };
  }

  /** Throws an Error if the ring lacks the key, or if the box was changed or moved. */
  open(place: Place, { keyId, box }: Sealed): Buffer {
    const key = this.#keys.get(keyId);
    if (key === undefined) throw new Error(`the key ring has no key ${keyId}`);
    if (box[0] !== VERSION || box.length < 1 + NONCE_BYTES + TAG_BYTES) throw new Error('a stored secret is in no known form');
    const end = box.length - TAG_BYTES;
    const decipher = createDecipheriv('aes-256-gcm', key.imported, box.subarray(1, 1 + NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(associated(place)).setAuthTag(box.subarray(end));
    return Buffer.concat([decipher.update(box.subarray(1 + NONCE_BYTES, end)), decipher.final()]);
  }
}

/** Imported once: node takes longer over that than over a short value. */
function toRingKey(key: MasterKey): RingKey {
  return { ...key, imported: createSecretKey(key.key) };
}

/** No two places are the same bytes: each part comes after its length. */
function associated(place: Place): Buffer {
  return Buffer.concat(place.flatMap((part) => {
    const bytes = Buffer.from(part);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  }));
}

/** Where each kind of secret is stored. */
export const placeOf = {
  deviceSecret: (deviceId: string, slot: string): Place => ['device_secret', deviceId, slot],
  accessKey: (accessKey: string): Place => ['access_key', accessKey],
  idempotencyRecord: (deviceId: string, action: string, key: string): Place => ['idempotency_record', deviceId, action, key],
  serviceKey: (name: string): Place => ['service_key', name],
  identity: (pk: string): Place => ['identity', pk],
  identityJob: (jobId: string): Place => ['identity_job', jobId],
  issuerKey: (publicKey: string): Place => ['issuer_key', publicKey],
  message: (messageId: string): Place => ['message', messageId],
};
