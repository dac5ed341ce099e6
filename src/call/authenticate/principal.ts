import type { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import type { CompactJws } from '../../crypto/jws.ts';
import type { PublicKey } from '../../crypto/public_key.ts';

/** Who calls, as settled by authentication. */
export type Principal = OperatorPrincipal | DeviceUpdatePrincipal;

interface AnyPrincipal {
  /** What any fault of the content counts as, where this caller must not learn of it. */
  readonly contentFault?: Fault | undefined;
}

/** The holder of the operator's bearer token. */
export interface OperatorPrincipal extends AnyPrincipal {
  readonly kind: 'operator';
}

/** A device that signed the update JWT of this call. */
export interface DeviceUpdatePrincipal extends AnyPrincipal {
  readonly kind: 'device_update';
  readonly deviceId: string;
  readonly jwt: CompactJws;
  /** In lower case. */
  readonly jti: string;
  /** The key that is registered now. */
  readonly currentKey: PublicKey;
  /**
   * The JWT is that of a committed rotation, so that only a proof of possession
   * by the current key still gets an answer other than a refusal
   * (contracts/iothentix.md 7.3).
   */
  readonly spent: boolean;
  readonly frozen: boolean;
  readonly updatesAllowed: boolean;
  /** When the device may rotate again, if it has used up its rotations. */
  readonly limitedUntil: Date | undefined;
}
