import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import { ApiError } from '../../errors.ts';

/** A refusal that names one field of the request, by its path. */
export function inputInvalid(field: string, description: string): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_IOTDA_INPUT_INVALID, `${field} does not fit`, { violations: [{ field, description }] });
}

export function deviceNotFound(): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_IOTDA_DEVICE_NOT_FOUND, 'there is no such device in this project');
}

export function applicationNotFound(): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_IOTDA_APPLICATION_NOT_FOUND, 'the project has no such resource space');
}
