import { once } from 'node:events';
import { connect } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { frame } from '../grpc_frame.ts';

/** A request in the parts that node:http2 takes. */
export interface GrpcRequest {
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** Headers and trailers together: an answer without a message has all in its headers. */
export interface GrpcAnswer {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** gRPC by hand on one HTTP/2 connection, as a channel has it: grpc-js's own client would be slower than the server. */
export class GrpcLink {
  readonly #url: string;
  readonly #isRight: (answer: GrpcAnswer) => boolean;
  #session: ClientHttp2Session | undefined;

  /** `isRight` tells of an answer with status OK whether it is the one that is wanted. */
  constructor(host: string, port: number, isRight: (answer: GrpcAnswer) => boolean) {
    this.#url = `http://${host}:${port}`;
    this.#isRight = isRight;
  }

  async open(): Promise<void> {
    this.#session = connect(this.#url);
    await once(this.#session, 'connect');
  }

  close(): void {
    this.#session?.destroy();
  }

  /** Resolves on the right answer; rejects with any other. */
  send(_lane: number, request: GrpcRequest): Promise<void> {
    if (this.#session === undefined) throw new Error('there is no connection');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stream = this.#session.request(request.headers, { endStream: false });
    const answer = collect(stream);
    stream.on('error', reject);
    stream.on('close', () => {
      if (answer.headers['grpc-status'] === '0' && this.#isRight(answer)) resolve();
      else reject(new Error(`not the right answer:\n${JSON.stringify(answer.headers)}\n${answer.body.toString('hex')}`));
    });
    stream.end(request.body);
    return promise;
  }
}

/** A unary call of a method, such as `/package.Service/Method`. */
export function grpcRequest(path: string, authorization: string, message: Buffer): GrpcRequest {
  const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', authorization };
  return { headers, body: frame(message) };
}

function collect(stream: ClientHttp2Stream): GrpcAnswer {
  const answer: GrpcAnswer = { headers: {}, body: Buffer.alloc(0) };
  stream.on('response', (headers) => {
    answer.headers = headers;
  });
  stream.on('data', (chunk: Buffer) => {
    answer.body = answer.body.length === 0 ? chunk : Buffer.concat([answer.body, chunk]);
  });
  stream.on('trailers', (trailers) => {
    answer.headers = { ...answer.headers, ...trailers };
  });
  return answer;
}
