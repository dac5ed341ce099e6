import { Client as GrpcClient, Metadata, connectivityState, credentials, status } from '@grpc/grpc-js';
import type { ChannelCredentials, MethodDefinition, ServiceError } from '@grpc/grpc-js';
import type { JsonObject } from '@bufbuild/protobuf';
import { HealthService } from '../../gen/grpc/health/v1/health.ts';
import { DeviceSecretServiceService } from '../../gen/keyturn/v1/device_secret_service.ts';
import { OperatorServiceService } from '../../gen/keyturn/v1/operator_service.ts';
import type { ClientTlsPaths } from '../config/index.ts';
import { readCertificates, readOwnCertificate } from './certificates.ts';
import type { Failure } from './failure.ts';
import { toFailure } from './grpc_failure.ts';
import { Interrupt } from './interrupt.ts';
import { compileRestJson } from './rest_json.ts';
import type { Token } from './token.ts';
import { PATIENCE } from './wrong_server.ts';

/** Where the service is and how to show who asks. */
export interface ClientOptions {
  /** `host:port` of its gRPC listener. */
  readonly server: string;
  readonly token: Token;
  /** Undefined: no TLS. */
  readonly tls: ClientTlsPaths | undefined;
  /** How long a call with one answer may take, milliseconds. */
  readonly deadline?: number;
}

/** What a call sends and hears besides its messages. */
export interface Extras {
  /** Metadata by lower-case name, in visible ASCII. */
  readonly send?: Readonly<Record<string, string>>;
  /** Hears the metadata that comes before the answer. */
  readonly hear?: (metadata: Readonly<Record<string, unknown>>) => void;
}

const DEADLINE = 10_000;
/** How often a service that says nothing is asked whether it is still there, and how long it may take to tell, milliseconds. */
const KEEPALIVE = { interval: 30_000, patience: 10_000 };

/** A client of a running service. */
export class Client implements Disposable {
  /** The calls that commands make. Taken from here, so that a command that makes none loads nothing of gRPC. */
  readonly operator = OperatorServiceService;
  readonly deviceSecrets = DeviceSecretServiceService;
  readonly #options: ClientOptions;
  readonly #client: GrpcClient;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#client = new GrpcClient(`dns:${options.server}`, credentialsOf(options.tls), {
      // Variables for web proxies are not settings of ours.
      'grpc.enable_http_proxy': 0,
      'grpc.max_receive_message_length': -1,
      'grpc.keepalive_time_ms': KEEPALIVE.interval,
      'grpc.keepalive_timeout_ms': KEEPALIVE.patience,
    });
  }

  /** Makes a call and returns its answer as REST would. Throws a Failure. */
  async ask<Request, Response>(definition: MethodDefinition<Request, Response>, request: Request, { send = {}, hear }: Extras = {}): Promise<JsonObject> {
    const { deadline = DEADLINE } = this.#options;
    const metadata = this.#metadata();
    for (const [name, value] of Object.entries(send)) metadata.set(name, value);
    const toJson = compileRestJson(definition.path);
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        definition.path,
        definition.requestSerialize,
        toJson,
        request,
        metadata,
        { deadline: Date.now() + deadline },
        (error, answer) => {
          if (error !== null) void this.#explain(error).then(reject, reject);
          else if (answer !== undefined) resolve(answer);
        },
      );
      if (hear !== undefined) call.on('metadata', (heard: Metadata) => hear(heard.getMap()));
    });
  }

  /**
   * Makes a call whose answers are a stream, and yields each as REST would, for as long as they come. Ends without an
   * error at SIGINT and SIGTERM. Throws a Failure. `begun` hears of the response metadata before all answers.
   */
  async *watch<Request, Response>(
    definition: MethodDefinition<Request, Response>,
    request: Request,
    begun: (metadata: Metadata) => void = () => {},
  ): AsyncGenerator<JsonObject, void> {
    const toJson = compileRestJson(definition.path);
    const call = this.#client.makeServerStreamRequest(definition.path, definition.requestSerialize, toJson, request, this.#metadata());
    // It tells that it was cancelled at a time when nobody listens any more.
    call.on('error', () => {});
    call.on('metadata', begun);
    using interrupt = new Interrupt(() => call.cancel());
    let isSilent = false;
    // A stream may say nothing for long, but not a server that was never connected.
    const timer = setTimeout(() => {
      isSilent = !this.#isConnected();
      if (isSilent) call.cancel();
    }, this.#options.deadline ?? DEADLINE);
    try {
      for await (const answer of call) yield answer as JsonObject;
    } catch (error) {
      if (!interrupt.hasCome) throw await this.#explain(isSilent ? Object.assign(error as ServiceError, { code: status.DEADLINE_EXCEEDED }) : (error as ServiceError));
    } finally {
      clearTimeout(timer);
      call.cancel();
    }
  }

  /** Says what became of a call, and asks the server some more where that tells. */
  #explain(error: ServiceError): Promise<Failure> {
    const { server: name, tls, token } = this.#options;
    const server = {
      name,
      hasTls: tls !== undefined,
      isConnected: () => this.#isConnected(),
      serves: async (service: string) => (await this.#statusOf(HealthService.check, { service })) === status.OK,
      hasFirstCall: async () => (await this.#statusOf(OperatorServiceService.listDevices, { projectId: '', pageSize: 1, pageToken: '' })) !== status.UNIMPLEMENTED,
    };
    return toFailure(error, server, token);
  }

  #isConnected(): boolean {
    return this.#client.getChannel().getConnectivityState(false) === connectivityState.READY;
  }

  /** How a call ends, whatever it answers. */
  #statusOf<Request, Response>(definition: MethodDefinition<Request, Response>, request: Request): Promise<status> {
    const { path, requestSerialize } = definition;
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(path, requestSerialize, () => ({}), request, this.#metadata(), { deadline: Date.now() + PATIENCE }, (error) => resolve(error?.code ?? status.OK));
    });
  }

  #metadata(): Metadata {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${this.#options.token.value}`);
    return metadata;
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
