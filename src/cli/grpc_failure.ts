import { status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo } from '../../gen/google/rpc/error_details.ts';
import { Status } from '../../gen/google/rpc/status.ts';
import { ExitCode, Failure } from './failure.ts';
import { visible } from './print.ts';
import type { Token } from './token.ts';

/** What the service says besides code and sentence. */
interface Details {
  readonly reason: string | undefined;
  /** One a line. */
  readonly violations: readonly string[];
}

/** Codes that say nothing about the request: the service is away or faulty. */
const FAULTS: ReadonlySet<status> = new Set([
  status.CANCELLED, status.UNKNOWN, status.DEADLINE_EXCEEDED, status.ABORTED, status.UNIMPLEMENTED, status.INTERNAL,
  status.UNAVAILABLE, status.DATA_LOSS,
]);

/** Says what became of a call, and what to do. */
export function toFailure(error: ServiceError, { server, token }: { server: string; token: Token }): Failure {
  const exitCode = FAULTS.has(error.code) ? ExitCode.FAILED : ExitCode.REFUSED;
  const { reason, violations } = readDetails(error);
  const fail = (message: string): Failure => new Failure(exitCode, message, { cause: error, reason });
  if (error.code === status.UNAUTHENTICATED) {
    return fail(`${server} does not accept the operator token from ${token.source}; give the token of that service`);
  }
  if (reason !== undefined) return fail([`${visible(error.details)} (${visible(reason)})`, ...violations].join('\n  '));
  switch (error.code) {
    case status.UNAVAILABLE:
      // What grpc-js says of a listener that speaks, but no HTTP/2, such as that of REST.
      if (error.details.includes('Protocol error')) return fail(`${server} does not speak gRPC; give the gRPC listener of Keyturn`);
      if (isTlsTrouble(error)) return fail(`cannot reach Keyturn at ${server} by TLS: ${visible(error.details)}`);
      return fail(`cannot reach Keyturn at ${server}; is it running? (keyturn serve)`);
    case status.UNIMPLEMENTED:
      return fail(`${server} is not Keyturn, an older version that lacks this call, or not its operator listener (KEYTURN_OPERATOR_LISTEN)`);
    case status.DEADLINE_EXCEEDED:
      return fail(`${server} did not answer in time; what was asked may have been done all the same`);
    default:
      return fail(`${server} failed: ${status[error.code]}: ${visible(error.details)}`);
  }
}

/** A certificate that was not accepted, by one side or the other. */
function isTlsTrouble({ details }: ServiceError): boolean {
  return /certificate|altnames|self-signed|ssl|tls/i.test(details);
}

function readDetails({ metadata }: ServiceError): Details {
  let reason: string | undefined;
  const violations: string[] = [];
  try {
    const [bytes] = metadata.get('grpc-status-details-bin');
    for (const { typeUrl, value } of Buffer.isBuffer(bytes) ? Status.decode(bytes).details : []) {
      if (typeUrl.endsWith('/google.rpc.ErrorInfo')) reason = ErrorInfo.decode(value).reason;
      if (typeUrl.endsWith('/google.rpc.BadRequest')) violations.push(...BadRequest.decode(value).fieldViolations.map(toLine));
    }
  } catch {
    // Not protobuf: another program's details.
  }
  return { reason, violations };
}

function toLine({ field, description }: { field: string; description: string }): string {
  return visible(`${field}: ${description}`);
}
