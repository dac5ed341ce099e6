import type { PushLoginRequestRequest, PushLoginRequestResponse } from '../../../gen/keyturn/v1/identity_binding_service.ts';
import type { Call } from '../../call/call.ts';
import { KeyedAllowance } from '../../call/keyed_allowance.ts';
import { isIdentityKey } from '../../crypto/identity_jwt.ts';
import { placeOf } from '../../crypto/key_ring.ts';
import type { LoginStore } from '../../db/login.ts';
import { networkOf } from '../../network.ts';
import { originOf } from '../origin.ts';
import { readPushToken } from './claims.ts';
import type { PushToken } from './claims.ts';
import type { IdentityParts } from './parts.ts';
import { audError, badRequest, rateLimit, revokedKey, unknownKey } from './refusals.ts';
import { checkSelfSigned } from './self_signed.ts';

const MOST_CALLBACK = 2048;
const ABSOLUTE = /^https?:\/\/[^\s\p{C}]+$/iu;
/** How long a login is of use, milliseconds, if its JWT does not say less. */
const COUNTS_FOR = 300_000;
/** Logins for one key in a minute, of this node. */
const PER_KEY = 30;

type LoginParts = Pick<IdentityParts, 'keyRing' | 'outgoing' | 'wake' | 'settings' | 'clock'>;

/** PushLoginRequest: contracts/authentiq.md 7.3. */
export class Logins {
  readonly #parts: LoginParts;
  readonly #store: LoginStore;
  readonly #ofKey = new KeyedAllowance(PER_KEY);
  readonly #ofPeer: KeyedAllowance;

  constructor(parts: LoginParts, store: LoginStore) {
    this.#parts = parts;
    this.#store = store;
    this.#ofPeer = new KeyedAllowance(parts.settings.jobsPerPeerPerMinute);
  }

  async push({ callback, jwt }: PushLoginRequestRequest, call: Call): Promise<PushLoginRequestResponse> {
    const { outgoing, wake, clock } = this.#parts;
    const claims = readPushToken(jwt);
    const { sub, aud, exp } = claims;
    if (!isIdentityKey(sub)) throw badRequest('jwt.sub', 'is no key');
    const target = normalised(callback);
    const origin = originOf(call, clock, 'identity');
    await checkSelfSigned(claims, sub, { now: origin.at, refused: ['scope'] });
    if (new URL(aud).href !== target) throw audError();
    const devtoken = await this.#findDevtoken(sub);
    this.#charge(sub, call.peer, origin.at.getTime());
    const until = new Date(Math.min(origin.at.getTime() + COUNTS_FOR, (exp ?? Infinity) * 1000));
    const message = outgoing.push(devtoken, bodyOf(claims, callback), { pk: sub, jobId: undefined }, origin.at, until);
    if (!(await this.#store.queue(message, origin))) throw revokedKey();
    wake();
    return { status: 'sent' };
  }

  /** Throws AUTHENTIQ_UNKNOWN_KEY, also if there is no device token, AUTHENTIQ_REVOKED_KEY. */
  async #findDevtoken(pk: string): Promise<string> {
    const target = await this.#store.read(pk);
    if (target === undefined) throw unknownKey();
    if (target.state !== 'REGISTERED') throw revokedKey();
    if (target.devtoken === undefined) throw unknownKey();
    return this.#parts.keyRing.open(placeOf.identity(pk), target.devtoken).toString();
  }

  /** Only with a JWT of the key does anybody come here. What goes beyond one budget takes nothing of the other. */
  #charge(pk: string, peer: string, now: number): void {
    const forKey = this.#ofKey.take(pk, now);
    if (forKey > 0) throw rateLimit(forKey);
    const forPeer = this.#ofPeer.take(networkOf(peer), now);
    if (forPeer === 0) return;
    this.#ofKey.giveBack(pk, now);
    throw rateLimit(forPeer);
  }
}

/** A callback as URLs are compared. Throws AUTHENTIQ_BAD_REQUEST. */
function normalised(callback: string): string {
  if (!ABSOLUTE.test(callback) || Array.from(callback).length > MOST_CALLBACK || !URL.canParse(callback)) {
    throw badRequest('callback', 'is no absolute http or https URI of at most 2048 characters');
  }
  return new URL(callback).href;
}

/** What the device is to learn. */
function bodyOf({ jwt }: PushToken, callback: string): string {
  return JSON.stringify({ callback, jwt: jwt.compact });
}
