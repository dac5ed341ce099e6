import type {
  KeyBindRequest, KeyBindResponse, KeyRegisterRequest, KeyRegisterResponse, KeyRetrieveRequest, KeyRetrieveResponse, KeyRevokeRequest, KeyRevokeResponse,
  KeyUpdateRequest, KeyUpdateResponse,
} from '../../../gen/keyturn/v1/identity_binding_service.ts';
import type { Call } from '../../call/call.ts';
import type { IdentityParts } from './parts.ts';

/** The calls of contracts/authentiq.md 6.1, 6.2 and 7.1. */
export class Keys {
  readonly #parts: IdentityParts;

  constructor(parts: IdentityParts) {
    this.#parts = parts;
  }

  async register(_request: KeyRegisterRequest, _call: Call): Promise<KeyRegisterResponse> {
    return skeleton(this.#parts);
  }

  async retrieve(_request: KeyRetrieveRequest): Promise<KeyRetrieveResponse> {
    return skeleton(this.#parts);
  }

  async update(_request: KeyUpdateRequest, _call: Call): Promise<KeyUpdateResponse> {
    return skeleton(this.#parts);
  }

  async bind(_request: KeyBindRequest, _call: Call): Promise<KeyBindResponse> {
    return skeleton(this.#parts);
  }

  async revoke(_request: KeyRevokeRequest, _call: Call): Promise<KeyRevokeResponse> {
    return skeleton(this.#parts);
  }
}

function skeleton(_parts: unknown): never {
  throw new Error('skeleton');
}
