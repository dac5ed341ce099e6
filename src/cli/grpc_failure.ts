import { status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo } from '../../gen/google/rpc/error_details.ts';
import { Status } from '../../gen/google/rpc/status.ts';
import { ExitCode, Failure } from './failure.ts';
import { visible } from './print.ts';
import type { Token } from './token.ts';
import { whoAnswers, whoseRefusal, whyAway } from './wrong_server.ts';
import type { Server } from './wrong_server.ts';

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
export async function toFailure(error: ServiceError, server: Server, token: Token): Promise<Failure> {
  const { reason, violations } = readDetails(error);
  const exitCode = FAULTS.has(error.code) ? ExitCode.FAILED : ExitCode.REFUSED;
  const fail = (message: string, code: ExitCode = exitCode): Failure => new Failure(code, message, { cause: error, reason });
  const { name } = server;
  const other = reason === undefined ? whoAnswers(error.details, server) : undefined;
  if (other !== undefined) return fail(other, ExitCode.FAILED);
  if (error.code === status.UNAUTHENTICATED) return fail(`${name} does not accept the operator token from ${token.source}; give the token of that service`);
  if (reason !== undefined) return fail([`${visible(error.details)} (${visible(reason)})`, ...violations].join('\n  '));
  switch (error.code) {
    case status.UNAVAILABLE:
      return fail(await whyAway(error.details, server));
    case status.UNIMPLEMENTED:
      return fail(await whoseRefusal(server));
    case status.DEADLINE_EXCEEDED:
      return fail(
        server.isConnected() ? `${name} did not answer in time; what was asked may have been done all the same` : `${name} takes connections but does not speak gRPC; give the gRPC listener of Keyturn`,
      );
    default:
      // Keyturn gives a reason for whatever it refuses: this is somebody between.
      return fail(`${name} failed: ${status[error.code]}: ${visible(error.details)}`, ExitCode.FAILED);
  }
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
