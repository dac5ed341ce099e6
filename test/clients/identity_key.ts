import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** A self-signed identity key, made of node:crypto and nothing of Keyturn. */
export class IdentityKey {
  /** 43 characters. */
  readonly pk: string;
  readonly #privateKey: KeyObject;

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    this.pk = String(publicKey.export({ format: 'jwk' }).x);
    this.#privateKey = privateKey;
  }

  /** A JWT of the key: its claims, with `sub`. */
  jwt(claims: object = {}): string {
    const parts = [{ typ: 'JWT', alg: 'Ed25519', kid: this.pk }, { sub: this.pk, ...claims }];
    const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    return `${signed}.${sign(null, Buffer.from(signed), this.#privateKey).toString('base64url')}`;
  }
}
