import { Caller } from '../gen/keyturn/options/v1/options.ts';
import { IdentityBindingServiceService } from '../gen/keyturn/v1/identity_binding_service.ts';
import type { Endpoint } from './call/endpoints.ts';
import type { Pipeline } from './call/pipeline.ts';
import type { Config } from './config/index.ts';
import type { Contract } from './contract/model.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { TlsMaterial } from './tls_files.ts';
import { Acceptor } from './transport/acceptor.ts';
import { bothWires } from './transport/both_wires.ts';
import { GrpcServer } from './transport/grpc/server.ts';
import type { Address, Wire } from './transport/listener.ts';
import { Peers } from './transport/peers.ts';
import type { EnvelopeSettings } from './transport/rest/envelopes.ts';
import { RestHandler } from './transport/rest/handler.ts';
import type { Page } from './transport/rest/handler.ts';
import { Transcoder } from './transport/rest/index.ts';
import { RestServer } from './transport/rest/server.ts';

export interface ListenerParts {
  readonly contract: Contract;
  readonly endpoints: readonly Endpoint[];
  readonly pipeline: Pipeline;
  readonly pages: ReadonlyMap<string, Page>;
  /** The pages that show the contract, for the listeners that have them. */
  readonly docs: ReadonlyMap<string, Page>;
  readonly tls: TlsMaterial | undefined;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Is called when the bytes of a REST answer are out. */
  readonly replied: (() => void) | undefined;
}

/** Which protocols a listener speaks, by the names of ALPN (RFC 7301). Who offers both, as curl does, comes for REST: gRPC offers h2 alone. */
const PROTOCOLS = { http: ['http/1.1'], grpc: ['h2'], operator: ['http/1.1', 'h2'] } as const;

type Name = keyof typeof PROTOCOLS;

const SETTINGS: Readonly<Record<Name, string>> = {
  http: 'KEYTURN_HTTP_LISTEN',
  grpc: 'KEYTURN_GRPC_LISTEN',
  operator: 'KEYTURN_OPERATOR_LISTEN',
};

function isOperators({ method }: Endpoint): boolean {
  return method.rules.caller === Caller.CALLER_OPERATOR;
}

/** What the operator may do in the place of those that it is meant for. */
function isOpenToOperators({ method }: Endpoint): boolean {
  return method.rules.caller === Caller.CALLER_APPLICATION || method.rules.caller === Caller.CALLER_CONNECTION_CHECKER;
}

/** The listeners of a service with what they serve. */
export class Listeners {
  readonly #config: Config;
  readonly #parts: ListenerParts;
  readonly #grpc: GrpcServer[] = [];
  readonly #acceptors = new Map<Name, Acceptor>();
  #http: Address | undefined;

  constructor(config: Config, parts: ListenerParts) {
    this.#config = config;
    this.#parts = parts;
    const devices = parts.endpoints.filter((endpoint) => config.operator === undefined || !isOperators(endpoint));
    this.#add('http', this.#rest('http', devices));
    this.#add('grpc', this.#newGrpc('grpc', devices));
    if (config.operator === undefined) return;
    const operators = parts.endpoints.filter((endpoint) => isOperators(endpoint) || isOpenToOperators(endpoint));
    this.#add('operator', bothWires(this.#rest('operator', operators), this.#newGrpc('operator', operators)));
  }

  /** Starts to listen and returns where. What listens already is closed again if one of them cannot. */
  async listen(): Promise<{ http: Address; grpc: Address; operator: Address | undefined }> {
    const { http, grpc, operator } = this.#config;
    try {
      this.#http = await this.#listen('http', http);
      return {
        http: this.#http,
        grpc: await this.#listen('grpc', grpc),
        operator: operator && (await this.#listen('operator', operator)),
      };
    } catch (error) {
      await this.close(0);
      throw error;
    }
  }

  /** The base of links to REST, once it listens. */
  get httpUrl(): string {
    const { host, port } = this.#http ?? this.#config.http;
    return `${this.#config.tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }

  /** What health says over gRPC. */
  setServing(isServing: boolean): void {
    for (const server of this.#grpc) server.setServing(isServing);
  }

  setTls(tls: TlsMaterial): void {
    for (const acceptor of this.#acceptors.values()) acceptor.setTls(tls);
  }

  /** Open connections by listener. */
  get connections(): Record<string, number> {
    return Object.fromEntries(Array.from(this.#acceptors, ([name, { size }]) => [name, size]));
  }

  /** Serves on, but lets go of connections after their next answer. */
  drain(): void {
    for (const acceptor of this.#acceptors.values()) acceptor.drain();
  }

  /** Stops accepting, lets calls in flight finish, and cuts off what remains after the grace, milliseconds. */
  async close(grace: number): Promise<void> {
    await Promise.all(Array.from(this.#acceptors.values(), (acceptor) => acceptor.close(grace)));
  }

  #add(name: Name, wire: Wire): void {
    const { metrics, tls } = this.#parts;
    const acceptor = new Acceptor({
      wire,
      protocols: PROTOCOLS[name],
      tls,
      connections: this.#config.limits.connections,
      cut: (cause) => metrics.cuts.inc({ listener: name, cause }),
    });
    this.#acceptors.set(name, acceptor);
  }

  /** Where the operator has a listener of its own, its token counts at no other. */
  #takesOperator(name: Name): boolean {
    return this.#config.operator === undefined || name === 'operator';
  }

  #rest(name: Name, endpoints: readonly Endpoint[]): RestServer {
    const { contract, pipeline, log, replied } = this.#parts;
    const handler = new RestHandler({
      transcoder: new Transcoder(endpoints, contract),
      pipeline,
      pages: this.#pages(name),
      envelopes: this.#envelopes(),
      takesOperator: this.#takesOperator(name),
      ...(replied === undefined ? {} : { replied }),
    });
    return new RestServer({ handler, peers: new Peers(this.#config.trustedProxies), log });
  }

  #pages(name: Name): ReadonlyMap<string, Page> {
    const { pages, docs } = this.#parts;
    const { docs: setting } = this.#config;
    return setting === 'on' || setting === name ? new Map([...pages, ...docs]) : pages;
  }

  /** What settings change in the bytes of refusals. */
  #envelopes(): EnvelopeSettings {
    const { iothentix, iotda, authentiq } = this.#config;
    const { path } = IdentityBindingServiceService.signUpdate;
    return {
      words: new Map([['Forbbiden', iothentix.forbiddenStatus]]),
      iotda: iotda.errorStyle,
      typePrefix: authentiq.errorTypePrefix,
      mediaTypes: new Map(authentiq.scopePutResponse === 'strict' ? [[path, 'application/jwt']] : []),
    };
  }

  #newGrpc(name: Name, endpoints: readonly Endpoint[]): GrpcServer {
    const { contract, pipeline, metrics } = this.#parts;
    const server = new GrpcServer({
      endpoints,
      pipeline,
      image: contract.image,
      peers: new Peers(this.#config.trustedProxies),
      takesOperator: this.#takesOperator(name),
      flooded: () => metrics.cuts.inc({ listener: name, cause: 'flood' }),
    });
    this.#grpc.push(server);
    return server;
  }

  async #listen(name: Name, address: Address): Promise<Address> {
    const acceptor = this.#acceptors.get(name);
    if (acceptor === undefined) throw new Error(`there is no listener ${name}`);
    try {
      return { host: address.host, port: await acceptor.listen(address) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`cannot listen on ${address.host}:${address.port}: ${reason}; set ${SETTINGS[name]} to an address that is free`, {
        cause: error,
      });
    }
  }
}
