import { Caller } from '../gen/keyturn/options/v1/options.ts';
import type { Authenticator } from './call/authenticate/authenticator.ts';
import { DeviceAuthenticator } from './call/authenticate/device.ts';
import { DeviceJwtCheck } from './call/authenticate/device_jwt_check.ts';
import { DeviceTokenAuthenticator } from './call/authenticate/device_token.ts';
import { IntrospectionClientAuthenticator } from './call/authenticate/introspection_client.ts';
import type { Binding } from './call/endpoints.ts';
import { KeyedAllowance } from './call/keyed_allowance.ts';
import type { Clock } from './clock.ts';
import type { Database } from './db/database.ts';
import { DeviceJwtStore } from './db/device_jwt.ts';
import { DeviceTokenStore } from './db/device_token.ts';
import type { AtFaultPoint } from './fault_points.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { deviceTokenService } from './services/device_token_service/index.ts';
import { TokenRate } from './services/device_token_service/token_rate.ts';
import type { Passwords } from './services/passwords.ts';
import type { IothentixSettings } from './settings.ts';

/** JWTs of one device that count in a minute where others verify them, as decisions on its connections do. */
const VERIFICATIONS_PER_MINUTE = 600;

export interface DeviceTokensParts {
  readonly database: Database;
  readonly settings: IothentixSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly passwords: Passwords;
  /** The base of links to REST, without a slash at its end, once it is served. */
  readonly publicUrl: () => string;
  readonly atFaultPoint: AtFaultPoint | undefined;
}

/** What concerns the tokens and JWTs of devices. */
export interface DeviceTokens {
  readonly authenticators: readonly (readonly [Caller, Authenticator])[];
  readonly bindings: readonly Binding[];
}

/** DeviceTokenService, with what it stands on. */
export function composeDeviceTokens({ database, settings, clock, log, metrics, passwords, publicUrl, atFaultPoint }: DeviceTokensParts): DeviceTokens {
  if (settings.introspectRequiresAuth && settings.introspectClients.length === 0) {
    log.warn({ setting: 'KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS' }, 'nobody can introspect tokens: a name and password are required, and there are none; make them with keyturn introspect-client');
  }
  const tokens = new DeviceTokenStore(database.run, atFaultPoint);
  const jwts = new DeviceJwtStore(database.run, atFaultPoint);
  const check = new DeviceJwtCheck(jwts, settings.algorithms, clock);
  return {
    authenticators: [
      [Caller.CALLER_DEVICE_JWT, new DeviceAuthenticator(check)],
      [Caller.CALLER_DEVICE_TOKEN, new DeviceTokenAuthenticator(tokens, clock)],
      [Caller.CALLER_INTROSPECTION_CLIENT, new IntrospectionClientAuthenticator(settings, (...password) => passwords.verify(...password))],
    ],
    bindings: deviceTokenService({
      tokens,
      jwts,
      check,
      rate: new TokenRate(settings.tokenRequestsPerMinute, clock),
      verifications: new KeyedAllowance(VERIFICATIONS_PER_MINUTE),
      settings,
      clock,
      issuer: () => settings.issuer ?? `${publicUrl()}/`,
      count: (outcome) => metrics.tokens.inc({ outcome }),
      checked: (what, isActive) => metrics.checks.inc({ what, outcome: isActive ? 'active' : 'inactive' }),
    }),
  };
}
