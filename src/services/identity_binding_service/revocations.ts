import type { KeyRevokeNosecretRequest, KeyRevokeNosecretResponse } from '../../../gen/keyturn/v1/identity_binding_service.ts';
import type { Call } from '../../call/call.ts';
import type { IdentityParts } from './parts.ts';

/** KeyRevokeNosecret: contracts/authentiq.md 7.2. */
export class Revocations {
  readonly #parts: IdentityParts;

  constructor(parts: IdentityParts) {
    this.#parts = parts;
  }

  async revoke(_request: KeyRevokeNosecretRequest, _call: Call): Promise<KeyRevokeNosecretResponse> {
    return skeleton(this.#parts);
  }
}

function skeleton(_parts: unknown): never {
  throw new Error('skeleton');
}
