import type {
  SignConfirmRequest, SignConfirmResponse, SignDeleteRequest, SignDeleteResponse, SignRequestRequest, SignRequestResponse, SignRetrieveRequest,
  SignRetrieveResponse, SignUpdateRequest, SignUpdateResponse,
} from '../../../gen/keyturn/v1/identity_binding_service.ts';
import type { Call } from '../../call/call.ts';
import type { IdentityParts } from './parts.ts';

/** The calls of contracts/authentiq.md 6.3 to 6.5 and 7.4. */
export class Jobs {
  readonly #parts: IdentityParts;

  constructor(parts: IdentityParts) {
    this.#parts = parts;
  }

  async request(_request: SignRequestRequest, _call: Call): Promise<SignRequestResponse> {
    return skeleton(this.#parts);
  }

  async retrieve(_request: SignRetrieveRequest, _call: Call): Promise<SignRetrieveResponse> {
    return skeleton(this.#parts);
  }

  async confirm(_request: SignConfirmRequest, _call: Call): Promise<SignConfirmResponse> {
    return skeleton(this.#parts);
  }

  async update(_request: SignUpdateRequest, _call: Call): Promise<SignUpdateResponse> {
    return skeleton(this.#parts);
  }

  async delete(_request: SignDeleteRequest, _call: Call): Promise<SignDeleteResponse> {
    return skeleton(this.#parts);
  }
}

function skeleton(_parts: unknown): never {
  throw new Error('skeleton');
}
