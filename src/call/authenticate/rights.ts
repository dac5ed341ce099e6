import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import { ApiError } from '../../errors.ts';
import type { IncomingCall } from '../call.ts';
import type { ApplicationPrincipal } from './principal.ts';

const INSTANCE_ID = 'instance-id';

/** Refuses a project that is not the caller's, before anything else of the request is looked at. */
export function checkProject({ projectId }: ApplicationPrincipal, call: IncomingCall): void {
  const asked = call.project();
  if (asked !== undefined && asked !== projectId) {
    throw new ApiError(ErrorReason.ERROR_REASON_IOTDA_PERMISSION_DENIED, "the project is not one of the caller's");
  }
}

/** Refuses an `Instance-Id` that none of the given ones is, where the method takes it and any is given. */
export function checkInstance(instanceIds: ReadonlySet<string>, { metadata, method }: IncomingCall): void {
  if (instanceIds.size === 0 || !method.rules.requestHeaders.includes(INSTANCE_ID)) return;
  const values = metadata.values(INSTANCE_ID) ?? [];
  if (values.some((value) => typeof value !== 'string' || !instanceIds.has(value))) {
    throw new ApiError(ErrorReason.ERROR_REASON_IOTDA_NOT_SUBSCRIBED, 'Instance-Id names no instance of this service');
  }
}

/** Whether the caller was given the right to make this call. */
export function mayCall({ actions }: ApplicationPrincipal, { method }: IncomingCall): boolean {
  const { permission } = method.rules;
  return permission === '' || actions === undefined || actions.has(permission);
}

/** Refuses what the caller was not given the right to do. */
export function checkPermission(principal: ApplicationPrincipal, call: IncomingCall): void {
  if (!mayCall(principal, call)) throw new ApiError(ErrorReason.ERROR_REASON_IOTDA_PERMISSION_DENIED, 'the caller may not do this');
}
