import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import { retryAfter } from '../../call/allowance.ts';
import { ApiError } from '../../errors.ts';

/** 400: `field` of the request cannot be read. */
export function badRequest(field: string, description: string): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_AUTHENTIQ_BAD_REQUEST, `${field} ${description}`, { violations: [{ field, description }] });
}

/** 401, whatever the cause; `detail` is for the log alone. */
export function authError(detail: string): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_AUTHENTIQ_AUTH_ERROR, detail);
}

export function audError(): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_AUTHENTIQ_AUD_ERROR, 'the audience is not the callback');
}

export function unknownKey(): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_AUTHENTIQ_UNKNOWN_KEY, 'there is no such key');
}

export function unknownJob(): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_AUTHENTIQ_UNKNOWN_JOB, 'there is no such job');
}

export function duplicateKey(): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_AUTHENTIQ_DUPLICATE_KEY, 'the key is or was registered');
}

export function duplicateHash(): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_AUTHENTIQ_DUPLICATE_HASH, 'a hash is bound to another key');
}

export function jobNotConfirmed(): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_AUTHENTIQ_JOB_NOT_CONFIRMED, 'the job is not confirmed');
}

export function confirmFirst(): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_AUTHENTIQ_CONFIRM_FIRST, 'a code is open and none was given');
}

export function revokedKey(): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_AUTHENTIQ_REVOKED_KEY, 'the key is revoked');
}

/** 429; `wait` in milliseconds. */
export function rateLimit(wait: number): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_AUTHENTIQ_RATE_LIMIT, 'a budget of messages is used up', { metadata: retryAfter(wait) });
}
