import type { Clock } from '../../clock.ts';
import { JWS_ALGORITHMS, algorithmFits } from '../../crypto/algorithms.ts';
import type { JwsAlgorithm } from '../../crypto/algorithms.ts';
import { verifyCompactJws } from '../../crypto/jws.ts';
import type { CompactJws } from '../../crypto/jws.ts';
import { decoyKey, modulusBytes, readPublicKey } from '../../crypto/public_key.ts';
import type { PublicKey } from '../../crypto/public_key.ts';
import type { DeviceJwtStore, SignerState } from '../../db/device_jwt.ts';
import { readDeviceJwt } from './device_jwt.ts';
import type { DeviceJwt } from './device_jwt.ts';

/** A device that has signed an authentication JWT which was not spent before. */
export interface Signer extends Pick<SignerState, 'projectId' | 'frozen' | 'scopes'> {
  readonly deviceId: string;
  /** Of the JWT, in lower case. */
  readonly jti: string;
  /** The key that is registered now. */
  readonly currentKey: PublicKey;
}

/**
 * Checks authentication JWTs of devices: steps 3 to 5, 7 and 8 of
 * contracts/iothentix.md 7.1, and that they are no update JWTs (8.1). Every
 * refusal of an identity costs one look-up and one signature check.
 */
export class DeviceJwtCheck {
  readonly #store: DeviceJwtStore;
  readonly #algorithms: ReadonlySet<JwsAlgorithm>;
  readonly #clock: Clock;

  constructor(store: DeviceJwtStore, algorithms: ReadonlySet<JwsAlgorithm>, clock: Clock) {
    this.#store = store;
    this.#algorithms = algorithms;
    this.#clock = clock;
  }

  /** Who has signed the JWT of an authorization value, or, for the log, why it is not accepted. */
  async check(authorization: string | undefined): Promise<Signer | string> {
    const jwt = readDeviceJwt(authorization, this.#algorithms, this.#clock.now());
    if (typeof jwt === 'string') return jwt;
    const state = await this.#store.read(jwt.deviceId, jwt.jti);
    const currentKey = state?.currentSpki && readPublicKey(state.currentSpki);
    if (!(await isSignedBy(jwt, currentKey))) return 'the JWT does not verify with a registered key';
    if (state === undefined || currentKey === undefined) return 'there is no such device or it has no key';
    if (state.jtiUsed) return 'the jti was used before';
    if (Object.hasOwn(jwt.jws.payload, 'public_key')) return 'the JWT is one for a key update';
    const { projectId, frozen, scopes } = state;
    return { deviceId: jwt.deviceId, jti: jwt.jti, currentKey, projectId, frozen, scopes };
  }
}

/** With no key, or one that `alg` or the signature's length does not fit, the check is made all the same, with a decoy. */
export async function isSignedBy({ jws, alg }: DeviceJwt, key: PublicKey | undefined): Promise<boolean> {
  const fitting = key !== undefined && fits(jws, alg, key) ? key : undefined;
  const verified = await verifyCompactJws(jws, fitting ?? decoyKey(JWS_ALGORITHMS[alg].kind, jws.signature.length), alg);
  return verified && fitting !== undefined;
}

function fits(jws: CompactJws, alg: JwsAlgorithm, key: PublicKey): boolean {
  return algorithmFits(alg, key.kind) && (key.kind !== 'RSA' || modulusBytes(key) === jws.signature.length);
}
