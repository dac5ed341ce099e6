import { Metadata } from '@grpc/grpc-js';
import type { ServerUnaryCall, handleUnaryCall } from '@grpc/grpc-js';
import { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import type { IncomingCall, Outcome } from '../../call/call.ts';
import type { Endpoint } from '../../call/endpoints.ts';
import type { Pipeline } from '../../call/pipeline.ts';
import { FaultError } from '../../contract/fault.ts';
import { requestIdOf } from '../request_id.ts';
import { toStatus } from './status.ts';

/**
 * The one wrapper of all methods. grpc-js neither awaits a handler nor catches
 * its rejection; the pipeline never throws, and messages are decoded inside it,
 * so that the order of checks is the same as over REST.
 */
export function unaryHandler(endpoint: Endpoint, pipeline: Pipeline): handleUnaryCall<Buffer, object> {
  return (call, callback) => {
    const requestId = requestIdOf(single(call.metadata, 'x-request-id'));
    const signal = signalOf(call);
    void pipeline.run(incomingCall(endpoint, call, requestId, signal.signal)).then((outcome) => {
      signal.release();
      if (outcome.ok) {
        call.sendMetadata(responseMetadata(outcome, requestId));
        callback(null, outcome.message);
      } else {
        callback(toStatus(outcome, requestId));
      }
    });
  };
}

function incomingCall(
  endpoint: Endpoint,
  call: ServerUnaryCall<Buffer, object>,
  requestId: string,
  signal: AbortSignal,
): IncomingCall {
  return {
    wire: 'grpc',
    method: endpoint.method,
    requestId,
    peer: addressOf(call.getPeer()),
    metadata: { get: (name) => single(call.metadata, name) },
    bodyBytes: call.request.length,
    signal,
    decode: () => decode(endpoint, call.request),
  };
}

function decode(endpoint: Endpoint, bytes: Buffer): object {
  try {
    return endpoint.decode(bytes);
  } catch (error) {
    throw new FaultError(Fault.FAULT_BODY_UNPARSABLE, 'the message is not protobuf', [], { cause: error });
  }
}

/** Aborts when the caller goes away or its deadline passes; released once there is an answer, for grpc-js tells of both ends alike. */
function signalOf(call: ServerUnaryCall<Buffer, object>): { signal: AbortSignal; release: () => void } {
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

function responseMetadata(outcome: Outcome, requestId: string): Metadata {
  const metadata = new Metadata();
  metadata.set('x-request-id', requestId);
  for (const [name, value] of outcome.metadata) metadata.set(name, value);
  return metadata;
}

function single(metadata: Metadata, name: string): string | undefined {
  const values = metadata.get(name);
  const [value] = values;
  return values.length === 1 && typeof value === 'string' ? value : undefined;
}

/** `127.0.0.1:50000` or `[::1]:50000` without the port. */
function addressOf(peer: string): string {
  return peer.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}
