import type { PushLoginRequestRequest, PushLoginRequestResponse } from '../../../gen/keyturn/v1/identity_binding_service.ts';
import type { Call } from '../../call/call.ts';
import type { IdentityParts } from './parts.ts';

/** PushLoginRequest: contracts/authentiq.md 7.3. */
export class Logins {
  readonly #parts: IdentityParts;

  constructor(parts: IdentityParts) {
    this.#parts = parts;
  }

  async push(_request: PushLoginRequestRequest, _call: Call): Promise<PushLoginRequestResponse> {
    return skeleton(this.#parts);
  }
}

function skeleton(_parts: unknown): never {
  throw new Error('skeleton');
}
