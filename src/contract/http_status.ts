import { Code } from '../../gen/google/rpc/code.ts';

/** The comments of google/rpc/code.proto. FAILED_PRECONDITION is 400: 412 is for the conditions of HTTP headers. */
const STATUSES: ReadonlyMap<number, number> = new Map([
  [Code.OK, 200],
  [Code.CANCELLED, 499],
  [Code.UNKNOWN, 500],
  [Code.INVALID_ARGUMENT, 400],
  [Code.DEADLINE_EXCEEDED, 504],
  [Code.NOT_FOUND, 404],
  [Code.ALREADY_EXISTS, 409],
  [Code.PERMISSION_DENIED, 403],
  [Code.RESOURCE_EXHAUSTED, 429],
  [Code.FAILED_PRECONDITION, 400],
  [Code.ABORTED, 409],
  [Code.OUT_OF_RANGE, 400],
  [Code.UNIMPLEMENTED, 501],
  [Code.INTERNAL, 500],
  [Code.UNAVAILABLE, 503],
  [Code.DATA_LOSS, 500],
  [Code.UNAUTHENTICATED, 401],
]);

/** Whether answers of a status have a body at all (RFC 9110 sections 15.3.5 and 15.3.6). */
export function hasContent(status: number): boolean {
  return status !== 204 && status !== 205;
}

/** The HTTP status of a google.rpc.Code; 500 for a number that is none. */
export function httpStatusOf(code: number): number {
  return STATUSES.get(code) ?? 500;
}
