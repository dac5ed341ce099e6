import type { DeviceJwtCheck } from '../../call/authenticate/device_jwt_check.ts';
import type { KeyedAllowance } from '../../call/keyed_allowance.ts';
import type { Clock } from '../../clock.ts';
import type { DeviceJwtStore } from '../../db/device_jwt.ts';
import type { DeviceTokenStore } from '../../db/device_token.ts';
import type { IothentixSettings } from '../../settings.ts';
import type { TokenRate } from './token_rate.ts';

/** What DeviceTokenService stands on. */
export interface DeviceTokenParts {
  readonly tokens: DeviceTokenStore;
  readonly jwts: DeviceJwtStore;
  readonly check: DeviceJwtCheck;
  readonly rate: TokenRate;
  /** JWTs of one device that VerifyDeviceJwt may spend in a minute. */
  readonly verifications: KeyedAllowance;
  readonly settings: IothentixSettings;
  readonly clock: Clock;
  /** The `iss` of tokens. */
  readonly issuer: () => string;
  /** Hears of every success. */
  readonly count: (outcome: 'issued' | 'renewed') => void;
  /** Hears of every check: of a token (`introspection`) or a JWT (`jwt`), and whether it counts. */
  readonly checked: (what: 'introspection' | 'jwt', isActive: boolean) => void;
}
