import { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import type { Clock } from '../../clock.ts';
import { FaultError } from '../../contract/fault.ts';
import { readBearer } from '../../crypto/jws.ts';
import { tokenDigest } from '../../crypto/token.ts';
import type { DeviceTokenStore } from '../../db/device_token.ts';
import type { IncomingCall, Metadata } from '../call.ts';
import type { Authenticator } from './authenticator.ts';
import type { DeviceTokenPrincipal } from './principal.ts';

/** The names under which the earlier token may be sent. */
const NAMES = ['authorization', 'authorisation'];

/** The holder of an access token that still counts (contracts/iothentix.md 8.2). */
export class DeviceTokenAuthenticator implements Authenticator<DeviceTokenPrincipal> {
  readonly #store: DeviceTokenStore;
  readonly #clock: Clock;

  constructor(store: DeviceTokenStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async authenticate({ metadata }: IncomingCall): Promise<DeviceTokenPrincipal> {
    const value = valueOf(metadata);
    const text = value === undefined ? undefined : readBearer(value);
    const token = text === undefined ? undefined : await this.#store.findRenewable(tokenDigest(text), this.#clock.now());
    if (token === undefined) throw new FaultError(Fault.FAULT_UNAUTHENTICATED, 'authorization does not hold a token that counts');
    return { kind: 'device_token', token };
  }

  authorize(): void {}

  limit(): void {}
}

/** The one value that was sent, by either name or by both, though `Connection` may name them, as for the other calls. */
function valueOf(metadata: Metadata): string | undefined {
  const sent = NAMES.filter((name) => metadata.get(name) !== undefined || (metadata.values(name) ?? []).length > 0).map((name) => metadata.get(name));
  return sent.every((value) => value === sent[0]) ? sent[0] : undefined;
}
