import { Metadata, status } from '@grpc/grpc-js';
import type { ServerUnaryCall, ServerWritableStream, handleUnaryCall } from '@grpc/grpc-js';
import { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import type { Answer, Head, IncomingCall } from '../../call/call.ts';
import type { Endpoint } from '../../call/endpoints.ts';
import type { Pipeline } from '../../call/pipeline.ts';
import { FaultError } from '../../contract/fault.ts';
import type { ReadMember } from '../../contract/members.ts';
import type { Connection } from '../connection.ts';
import { requestIdOf } from '../request_id.ts';
import { toStatus } from './status.ts';

/** A call as grpc-js tells of it. */
export interface Arrived {
  /** Address and port of the connection. */
  readonly peer: string;
  /** The values of X-Forwarded-For, in order. */
  readonly forwardedFor: readonly string[];
  /** Of its message. */
  readonly bytes: number;
}

/** Where it came from. */
export interface Origin {
  readonly connection: Connection;
  /** The caller's address. */
  readonly peer: string;
  /** Whether the operator's token counts here for the calls of applications too. */
  readonly takesOperator: boolean;
}

/** Undefined if its connection is gone already. */
export type OriginOf = (arrived: Arrived) => Origin | undefined;

/** A call as grpc-js hands it to the handler of either kind. */
export type GrpcCall = ServerUnaryCall<Buffer, Uint8Array> | ServerWritableStream<Buffer, Uint8Array>;

/**
 * The one wrapper of all methods that are no streams. grpc-js neither awaits a handler nor catches
 * its rejection; the pipeline never throws, and messages are decoded and encoded
 * inside it, so that the order of checks and their refusals are the same as over REST.
 */
export function unaryHandler(
  endpoint: Endpoint,
  pipeline: Pipeline,
  originOf: OriginOf,
): handleUnaryCall<Buffer, Uint8Array> {
  return (call, callback) => {
    const requestId = requestIdOf(single(call.metadata, 'x-request-id'), endpoint.method.service.rules);
    const origin = originOf(arrivedOf(call));
    if (origin === undefined) return callback({ code: status.CANCELLED });
    const { connection } = origin;
    const signal = signalOf(call);
    let written: Uint8Array | undefined;
    const encode = ({ message }: Answer): void => {
      written = endpoint.encode(message);
    };
    connection.callBegins();
    void pipeline.run({ ...incomingOf(endpoint, call, origin, requestId, signal.signal), encode }).then((outcome) => {
      // Not before the answer has been handed to the socket.
      setImmediate(() => connection.callEnds());
      signal.release();
      if (outcome.ok) {
        call.sendMetadata(responseMetadata(outcome, requestId));
        callback(null, written);
      } else {
        callback(toStatus(outcome, requestId));
      }
    });
  };
}

export function arrivedOf(call: GrpcCall): Arrived {
  return {
    peer: call.getPeer(),
    forwardedFor: call.metadata.get('x-forwarded-for').filter((value) => typeof value === 'string'),
    bytes: call.request.length,
  };
}

export function incomingOf(endpoint: Endpoint, call: GrpcCall, { connection, peer, takesOperator }: Origin, requestId: string, signal: AbortSignal): IncomingCall {
  let decoded: object | undefined;
  // Once for both who may call and what is asked.
  const message = (): object => (decoded ??= decode(endpoint, call.request));
  return {
    wire: 'grpc',
    method: endpoint.method,
    requestId,
    peer,
    standing: connection.standingOf(peer),
    metadata: { get: (name) => single(call.metadata, name), values: (name) => call.metadata.get(name) },
    raw: { line: undefined, body: call.request },
    takesOperator,
    bodyBytes: call.request.length,
    signal,
    project: () => endpoint.project && projectIn(endpoint.project, message()),
    decode: message,
  };
}

function decode(endpoint: Endpoint, bytes: Buffer): object {
  try {
    return endpoint.decode(bytes);
  } catch (error) {
    throw new FaultError(Fault.FAULT_BODY_UNPARSABLE, 'the message is not protobuf', [], { cause: error });
  }
}

/** What no string may hold is refused here already: rights are looked up by it. */
function projectIn(read: ReadMember, message: object): string {
  const project = read(message as Record<string, unknown>) as string;
  if (project.includes('\0')) throw new FaultError(Fault.FAULT_CONTENT_INVALID, 'the project holds U+0000');
  return project;
}

/** Aborts when the caller goes away or its deadline passes; released once there is an answer, for grpc-js tells of both ends alike. */
export function signalOf(call: GrpcCall): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const onCancelled = (): void => {
    const deadline = call.getDeadline();
    const isLate = new Date(deadline).getTime() <= Date.now();
    const fault = isLate ? Fault.FAULT_DEADLINE_EXCEEDED : Fault.FAULT_CANCELLED;
    controller.abort(new FaultError(fault, 'the caller went away or its deadline has passed'));
  };
  call.once('cancelled', onCancelled);
  return { signal: controller.signal, release: () => call.off('cancelled', onCancelled) };
}

export function responseMetadata(head: Head, requestId: string): Metadata {
  const metadata = new Metadata();
  metadata.set('x-request-id', requestId);
  for (const [name, value] of head.metadata) metadata.set(name, value);
  return metadata;
}

export function single(metadata: Metadata, name: string): string | undefined {
  const values = metadata.get(name);
  const [value] = values;
  return values.length === 1 && typeof value === 'string' ? value : undefined;
}
