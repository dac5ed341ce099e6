import type { AnyonePrincipal } from './principal.ts';
import type { Authenticator } from './authenticator.ts';

const ANYONE: AnyonePrincipal = { kind: 'anyone' };

/** Lets everyone in: the method itself checks what its request holds. */
export class AnyoneAuthenticator implements Authenticator<AnyonePrincipal> {
  async authenticate(): Promise<AnyonePrincipal> {
    return ANYONE;
  }

  authorize(): void {}

  limit(): void {}
}
