import { Caller } from '../gen/keyturn/options/v1/options.ts';
import { AccessKeys } from './call/authenticate/access_keys.ts';
import { ApplicationAuthenticator } from './call/authenticate/application.ts';
import type { Authenticator } from './call/authenticate/authenticator.ts';
import { ConnectionCheckerAuthenticator } from './call/authenticate/connection_checker.ts';
import type { OperatorToken } from './call/authenticate/operator_token.ts';
import type { Binding } from './call/endpoints.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/index.ts';
import type { KeyRing } from './crypto/key_ring.ts';
import { AccessKeyStore } from './db/access_key.ts';
import { ApplicationStore } from './db/application.ts';
import type { Database } from './db/database.ts';
import { ProductStore } from './db/product.ts';
import { TokenStore } from './db/token.ts';
import { UserStore } from './db/user.ts';
import { IamService } from './services/iam_service.ts';
import { AccessKeys as OperatorAccessKeys } from './services/operator_service/access_keys.ts';
import type { OperatorParts } from './services/operator_service/index.ts';
import { Products } from './services/operator_service/products.ts';
import { Users } from './services/operator_service/users.ts';
import type { Passwords } from './services/passwords.ts';

export interface ApplicationsParts {
  readonly database: Database;
  readonly keyRing: KeyRing;
  readonly config: Config;
  readonly clock: Clock;
  readonly operator: OperatorToken;
  readonly passwords: Passwords;
  /** The base of links to REST, without a slash at its end, once it is served. */
  readonly publicUrl: () => string;
}

/** What concerns applications: who they are, what the operator does with them, and their tokens. */
export interface Applications {
  readonly authenticators: readonly (readonly [Caller, Authenticator])[];
  readonly operatorParts: Pick<OperatorParts, 'products' | 'accessKeys' | 'users'>;
  readonly bindings: readonly Binding[];
}

/** Puts together what concerns applications. */
export function composeApplications({ database, keyRing, config, clock, operator, passwords, publicUrl }: ApplicationsParts): Applications {
  const { run } = database;
  const store = new ApplicationStore(run);
  const accessKeys = new AccessKeys(store, keyRing);
  return {
    authenticators: [
      [Caller.CALLER_APPLICATION, new ApplicationAuthenticator({ store, accessKeys, operator, settings: config.iotda, clock })],
      [Caller.CALLER_CONNECTION_CHECKER, new ConnectionCheckerAuthenticator(accessKeys, operator, clock)],
    ],
    operatorParts: {
      products: new Products(new ProductStore(run), clock),
      accessKeys: new OperatorAccessKeys(new AccessKeyStore(run), keyRing, clock),
      users: new Users(new UserStore(run), passwords, clock),
    },
    bindings: new IamService({ tokens: new TokenStore(run), applications: store, passwords, clock, publicUrl }).bindings(),
  };
}
