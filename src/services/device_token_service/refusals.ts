import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import { ApiError } from '../../errors.ts';

export function unauthenticated(detail: string): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_DEVICE_UNAUTHENTICATED, detail);
}

export function clientMismatch(): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_CLIENT_ID_MISMATCH, 'client_id is not the device that calls');
}
