import { status } from '@grpc/grpc-js';
import type { ServerWritableStream, handleServerStreamingCall } from '@grpc/grpc-js';
import { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import type { Head, Sink, StreamOutcome } from '../../call/call.ts';
import type { Endpoint } from '../../call/endpoints.ts';
import type { Pipeline } from '../../call/pipeline.ts';
import { FaultError } from '../../contract/fault.ts';
import type { OpenStreams } from '../open_streams.ts';
import { requestIdOf } from '../request_id.ts';
import { arrivedOf, incomingOf, responseMetadata, signalOf, single } from './call.ts';
import type { OriginOf } from './call.ts';
import { toStatus } from './status.ts';

type Call = ServerWritableStream<Buffer, Uint8Array>;

/** How long a caller may take no message, milliseconds. */
const PATIENCE = 30_000;

/** The one wrapper of all methods whose answers are a stream. */
export function streamHandler(endpoint: Endpoint, pipeline: Pipeline, originOf: OriginOf, streams: OpenStreams): handleServerStreamingCall<Buffer, Uint8Array> {
  return (call) => {
    const requestId = requestIdOf(single(call.metadata, 'x-request-id'), endpoint.method.service.rules);
    const origin = originOf(arrivedOf(call));
    if (origin === undefined) {
      call.emit('error', { code: status.CANCELLED });
      return;
    }
    const { connection } = origin;
    const cancelled = signalOf(call);
    const stream = streams.open(cancelled.signal);
    connection.callBegins();
    void pipeline.stream(incomingOf(endpoint, call, origin, requestId, stream.signal), new MessageStream(call, endpoint, requestId)).then((outcome) => {
      // Not before the status has been handed to the socket.
      setImmediate(() => connection.callEnds());
      cancelled.release();
      stream.close();
      end(call, outcome, requestId);
    });
  };
}

function end(call: Call, outcome: StreamOutcome, requestId: string): void {
  if (call.destroyed) return;
  if (outcome.ok) call.end();
  // This is how grpc-js is told of a status, and no error that anybody would have to hear of.
  else call.emit('error', toStatus(outcome, requestId));
}

/** A stream of answers as messages of gRPC. */
class MessageStream implements Sink {
  readonly isHeadOnly = false;
  readonly #call: Call;
  readonly #endpoint: Endpoint;
  readonly #requestId: string;

  constructor(call: Call, endpoint: Endpoint, requestId: string) {
    this.#call = call;
    this.#endpoint = endpoint;
    this.#requestId = requestId;
  }

  begin(head: Head): void {
    this.#call.sendMetadata(responseMetadata(head, this.#requestId));
  }

  /** One at a time: what grpc-js itself holds before it asks to wait is counted in messages, however large. */
  async send(message: object): Promise<void> {
    const bytes = this.#endpoint.encode(message);
    const call = this.#call;
    await new Promise<void>((resolve, reject) => {
      const done = (): void => {
        clearTimeout(late);
        call.off('close', done);
        resolve();
      };
      const late = setTimeout(() => {
        call.off('close', done);
        reject(new FaultError(Fault.FAULT_CANCELLED, `the caller has taken no message for ${PATIENCE} ms`));
      }, PATIENCE).unref();
      call.once('close', done);
      call.write(bytes, done);
    });
  }
}
