import type {
  SignConfirmRequest, SignConfirmResponse, SignDeleteRequest, SignDeleteResponse, SignRequestRequest, SignRequestResponse, SignRetrieveRequest,
  SignRetrieveResponse, SignUpdateRequest, SignUpdateResponse,
} from '../../../gen/keyturn/v1/identity_binding_service.ts';
import type { Call } from '../../call/call.ts';
import { confirmJob } from './jobs/confirm.ts';
import { deleteJob } from './jobs/delete.ts';
import type { JobParts } from './jobs/parts.ts';
import { requestJob } from './jobs/request.ts';
import { retrieveJob } from './jobs/retrieve.ts';
import { updateJob } from './jobs/update.ts';

/** The calls of contracts/authentiq.md 6.3 to 6.5 and 7.4. */
export class Jobs {
  readonly #parts: JobParts;

  constructor(parts: JobParts) {
    this.#parts = parts;
  }

  request(request: SignRequestRequest, call: Call): Promise<SignRequestResponse> {
    return requestJob(this.#parts, request, call);
  }

  retrieve(request: SignRetrieveRequest, call: Call): Promise<SignRetrieveResponse> {
    return retrieveJob(this.#parts, request, call);
  }

  confirm(request: SignConfirmRequest, call: Call): Promise<SignConfirmResponse> {
    return confirmJob(this.#parts, request, call);
  }

  update(request: SignUpdateRequest, call: Call): Promise<SignUpdateResponse> {
    return updateJob(this.#parts, request, call);
  }

  delete(request: SignDeleteRequest, call: Call): Promise<SignDeleteResponse> {
    return deleteJob(this.#parts, request, call);
  }
}
