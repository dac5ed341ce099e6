import { Unavailable } from '../../unavailable.ts';
import type { ApplicationPrincipal } from './principal.ts';
import type { Authenticator } from './authenticator.ts';

/** What decides on connections proves itself by the operator's token or an access key. */
export class ConnectionCheckerAuthenticator implements Authenticator<ApplicationPrincipal> {
  async authenticate(): Promise<ApplicationPrincipal> {
    throw new Unavailable('skeleton');
  }

  authorize(): void {}

  limit(): void {}
}
