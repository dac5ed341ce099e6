import type { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import type { CompactJws } from '../../crypto/jws.ts';
import type { PublicKey } from '../../crypto/public_key.ts';
import type { RenewableToken } from '../../db/device_token.ts';
import type { Signer } from './device_jwt_check.ts';

/** Who calls, as settled by authentication. */
export type Principal = OperatorPrincipal | DeviceUpdatePrincipal | DevicePrincipal | DeviceTokenPrincipal | ApplicationPrincipal | AnyonePrincipal;

interface AnyPrincipal {
  /** What any fault of the content counts as, where this caller must not learn of it. */
  readonly contentFault?: Fault | undefined;
  /** It asks about what strangers have named to it: what it is refused is no failure of its peer. */
  readonly asksForOthers?: true;
}

/** The holder of the operator's bearer token. */
export interface OperatorPrincipal extends AnyPrincipal {
  readonly kind: 'operator';
}

/** An application, or the operator in its place. */
export interface ApplicationPrincipal extends AnyPrincipal {
  readonly kind: 'application';
  /** Who, for the audit trail: `user:<user id>`, `access_key:<access key>` or `operator`. */
  readonly actor: string;
  /** The project that it may act in. The operator may act in the one that its request names, if there is one. */
  readonly projectId: string | undefined;
  /** Its domain; empty for an access key and the operator. */
  readonly domain: string;
  /** What it may do; undefined: everything. */
  readonly actions: ReadonlySet<string> | undefined;
}

/** Nobody in particular: what proves who calls is in the request. */
export interface AnyonePrincipal extends AnyPrincipal {
  readonly kind: 'anyone';
}

/** A device that signed the authentication JWT of this call. */
export interface DevicePrincipal extends AnyPrincipal, Signer {
  readonly kind: 'device';
}

/** Who holds an access token of a device. */
export interface DeviceTokenPrincipal extends AnyPrincipal {
  readonly kind: 'device_token';
  readonly token: RenewableToken;
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
