import type {
  CreateTrustedIssuerRequest, CreateTrustedIssuerResponse, DeleteTrustedIssuerRequest, DeleteTrustedIssuerResponse, ListIssuerKeysResponse,
  ListTrustedIssuersResponse, RevokeIssuerKeyRequest, RevokeIssuerKeyResponse, RotateIssuerKeyRequest, RotateIssuerKeyResponse,
} from '../../../gen/keyturn/v1/operator_service.ts';
import type { Call } from '../../call/call.ts';

/** The calls of OperatorService that concern issuers. */
export class Issuers {
  async listKeys(): Promise<ListIssuerKeysResponse> {
    throw new Error('skeleton');
  }

  async rotate(_request: RotateIssuerKeyRequest, _call: Call): Promise<RotateIssuerKeyResponse> {
    throw new Error('skeleton');
  }

  async revokeKey(_request: RevokeIssuerKeyRequest, _call: Call): Promise<RevokeIssuerKeyResponse> {
    throw new Error('skeleton');
  }

  async trust(_request: CreateTrustedIssuerRequest, _call: Call): Promise<CreateTrustedIssuerResponse> {
    throw new Error('skeleton');
  }

  async listTrusted(): Promise<ListTrustedIssuersResponse> {
    throw new Error('skeleton');
  }

  async distrust(_request: DeleteTrustedIssuerRequest, _call: Call): Promise<DeleteTrustedIssuerResponse> {
    throw new Error('skeleton');
  }
}
