import type { GetIdentityRequest, GetIdentityResponse, RevokeIdentityRequest, RevokeIdentityResponse } from '../../../gen/keyturn/v1/operator_service.ts';
import type { Call } from '../../call/call.ts';

/** The calls of OperatorService that concern identity keys. */
export class Identities {
  async get(_request: GetIdentityRequest): Promise<GetIdentityResponse> {
    throw new Error('skeleton');
  }

  async revoke(_request: RevokeIdentityRequest, _call: Call): Promise<RevokeIdentityResponse> {
    throw new Error('skeleton');
  }
}
