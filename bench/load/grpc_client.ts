import { once } from 'node:events';
import { connect } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import type { KeyUpdate } from '../../examples/demo/device.ts';
import { frame, textMessage } from '../grpc_frame.ts';
import type { LoadClient } from './client.ts';

const UPDATED = frame(textMessage('Public key updated'));

/** A request in the parts that node:http2 takes. */
export interface GrpcRequest {
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** gRPC by hand on one HTTP/2 connection, as a channel has it: grpc-js's own client would be slower than the server. */
export class GrpcClient implements LoadClient<GrpcRequest> {
  readonly #url: string;
  #session: ClientHttp2Session | undefined;

  constructor(host: string, port: number) {
    this.#url = `http://${host}:${port}`;
  }

  async open(): Promise<void> {
    this.#session = connect(this.#url);
    await once(this.#session, 'connect');
  }

  close(): void {
    this.#session?.destroy();
  }

  encode({ jwt, pop }: KeyUpdate): GrpcRequest {
    const headers = {
      ':method': 'POST',
      ':path': '/keyturn.v1.DeviceKeyService/UpdatePublicKey',
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: jwt,
    };
    return { headers, body: frame(textMessage(pop)) };
  }

  send(_lane: number, request: GrpcRequest): Promise<void> {
    if (this.#session === undefined) throw new Error('there is no connection');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stream = this.#session.request(request.headers, { endStream: false });
    const answer = collect(stream);
    stream.on('error', reject);
    stream.on('close', () => {
      const wrong = faultOf(answer);
      if (wrong === undefined) resolve();
      else reject(new Error(wrong));
    });
    stream.end(request.body);
    return promise;
  }
}

interface GrpcAnswer {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Headers and trailers together: an answer without a message has all in its headers. */
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

function faultOf({ headers, body }: GrpcAnswer): string | undefined {
  const isReplayed = headers['idempotent-replayed'] !== undefined;
  if (headers['grpc-status'] === '0' && body.equals(UPDATED) && !isReplayed) return undefined;
  return `not the answer to a rotation:\n${JSON.stringify(headers)}\n${body.toString('hex')}`;
}
