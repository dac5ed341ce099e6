import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../../contract/fault.ts';
import { KEY_BYTES } from '../../crypto/password.ts';
import type { IothentixSettings } from '../../settings.ts';
import type { IncomingCall } from '../call.ts';
import type { Authenticator } from './authenticator.ts';
import { isBasic, readBasic } from './basic.ts';
import type { BasicCredentials } from './basic.ts';
import type { AnyonePrincipal } from './principal.ts';

/** What cannot be read is the password of a client that nobody is, and costs the same. */
const NOBODY: BasicCredentials = { name: '', password: Buffer.alloc(0) };
const ANYONE: AnyonePrincipal = { kind: 'anyone' };

/** Whether it is the password that is stored. Rejects with a FaultError (FAULT_UNAVAILABLE) if too many of the peer's wait. */
type VerifyPassword = (password: string, stored: Buffer, peer: string) => Promise<boolean>;

/**
 * Who introspects tokens (contracts/iothentix.md 8.3): whoever calls, unless
 * the settings ask for a name and password. A password that was found right is
 * known again by a keyed hash, because the check of a stored one takes a tenth
 * of a second; and calls at once with the same ones share a check, so that a
 * busy client is let in at a start as well.
 */
export class IntrospectionClientAuthenticator implements Authenticator<AnyonePrincipal> {
  readonly #requiresAuth: boolean;
  readonly #passwords: ReadonlyMap<string, Buffer>;
  /** What is checked for a name that nobody has; it costs what the passwords of clients do. Undefined if there are none. */
  readonly #decoy: Buffer | undefined;
  readonly #verify: VerifyPassword;
  readonly #key = randomBytes(32);
  /** By name. */
  readonly #known = new Map<string, Buffer>();
  /** Checks that run, by keyed hash and name. */
  readonly #running = new Map<string, Promise<boolean>>();

  constructor({ introspectRequiresAuth, introspectClients }: IothentixSettings, verify: VerifyPassword) {
    this.#requiresAuth = introspectRequiresAuth;
    this.#passwords = new Map(introspectClients.map(({ name, passwordHash }) => [name, passwordHash]));
    this.#decoy = introspectClients[0] && decoyOf(introspectClients[0].passwordHash);
    this.#verify = verify;
  }

  async authenticate({ metadata, peer }: IncomingCall): Promise<AnyonePrincipal> {
    const authorization = metadata.get('authorization');
    if (authorization === undefined && (metadata.values('authorization') ?? []).length > 0) throw unauthenticated('there are two authorization values');
    if (authorization !== undefined && isBasic(authorization)) await this.#check(authorization, peer);
    else if (this.#requiresAuth) throw unauthenticated('a name and password are required');
    return ANYONE;
  }

  authorize(): void {}

  limit(): void {}

  async #check(authorization: string, peer: string): Promise<void> {
    const { name, password } = readBasic(authorization) ?? NOBODY;
    const digest = createHmac('sha256', this.#key).update(password).digest();
    const known = this.#known.get(name);
    if (known !== undefined && timingSafeEqual(digest, known)) return;
    // Without clients there is nothing to find out, and nobody is to cost a tenth of a second of a core.
    if (this.#decoy === undefined) throw unauthenticated('there are no clients');
    const key = `${digest.toString('base64')} ${name}`;
    const running = this.#running.get(key) ?? this.#verify(password.toString(), this.#passwords.get(name) ?? this.#decoy, peer).finally(() => this.#running.delete(key));
    this.#running.set(key, running);
    if (!(await running)) throw unauthenticated('the name or password is wrong');
    this.#known.set(name, digest);
  }
}

/** A stored password of the same cost, which no password has: its key is random. */
function decoyOf(stored: Buffer): Buffer {
  return Buffer.concat([stored.subarray(0, -KEY_BYTES), randomBytes(KEY_BYTES)]);
}

function unauthenticated(detail: string): FaultError {
  return new FaultError(Fault.FAULT_UNAUTHENTICATED, detail);
}
