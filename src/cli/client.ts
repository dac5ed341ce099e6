import { Client as GrpcClient, Metadata, credentials } from '@grpc/grpc-js';
import type { ChannelCredentials, MethodDefinition } from '@grpc/grpc-js';
import type { JsonObject } from '@bufbuild/protobuf';
import type { ClientTlsPaths } from '../config/index.ts';
import { readCertificates, readOwnCertificate } from './certificates.ts';
import { toFailure } from './grpc_failure.ts';
import { compileRestJson } from './rest_json.ts';
import type { Token } from './token.ts';

/** Where the service is and how to show who asks. */
export interface ClientOptions {
  /** `host:port` of its gRPC listener. */
  readonly server: string;
  readonly token: Token;
  /** Undefined: no TLS. */
  readonly tls: ClientTlsPaths | undefined;
  /** How long a call may take, milliseconds. */
  readonly deadline?: number;
}

const DEADLINE = 10_000;

/** A client of a running service. */
export class Client implements Disposable {
  readonly #options: ClientOptions;
  readonly #client: GrpcClient;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#client = new GrpcClient(`dns:${options.server}`, credentialsOf(options.tls), {
      // Variables for web proxies are not settings of ours.
      'grpc.enable_http_proxy': 0,
      'grpc.max_receive_message_length': -1,
    });
  }

  /** Makes a call and returns its answer as REST would. Throws a Failure. */
  async ask<Request, Response>(definition: MethodDefinition<Request, Response>, request: Request): Promise<JsonObject> {
    const { token, deadline = DEADLINE } = this.#options;
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${token.value}`);
    const toJson = compileRestJson(definition.path);
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        definition.path,
        definition.requestSerialize,
        toJson,
        request,
        metadata,
        { deadline: Date.now() + deadline },
        (error, answer) => {
          if (error !== null) reject(toFailure(error, this.#options));
          else if (answer !== undefined) resolve(answer);
        },
      );
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

function credentialsOf(tls: ClientTlsPaths | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const ca = tls.ca === undefined ? null : Buffer.from(readCertificates(tls.ca));
  const own = tls.own && readOwnCertificate(tls.own);
  return own === undefined ? credentials.createSsl(ca) : credentials.createSsl(ca, Buffer.from(own.key), Buffer.from(own.cert));
}
