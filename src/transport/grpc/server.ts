import { Server, ServerCredentials, logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import type { ConnectionInjector, ServerWritableStream, ServiceDefinition, handleServerStreamingCall } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { Endpoint } from '../../call/endpoints.ts';
import type { Pipeline } from '../../call/pipeline.ts';
import { MOST_BODY_BYTES } from '../../contract/check.ts';
import type { Image } from '../../contract/image.ts';
import type { Connection } from '../connection.ts';
import type { Wire } from '../listener.ts';
import { OpenStreams } from '../open_streams.ts';
import type { Peers } from '../peers.ts';
import { unaryHandler } from './call.ts';
import type { Arrived, Origin, OriginOf } from './call.ts';
import { FloodGuard } from './flood_guard.ts';
import { reflectionServices } from './reflection.ts';
import { streamHandler } from './stream_call.ts';
import { Streams } from './streams.ts';

// It would quote metadata that it does not take, credentials and all, in lines of its own beside the log.
setLogVerbosity(logVerbosity.NONE);

const HEALTH = 'grpc.health.v1.Health';
const REFLECTION = 'grpc.reflection.v1.ServerReflection';

/** Calls at once on a connection; milliseconds until an idle one is closed, and between and after the pings that find a dead one. */
const CONNECTION = {
  'grpc.max_concurrent_streams': 32,
  'grpc.max_connection_idle_ms': 300_000,
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.enable_channelz': 0,
};

type Watch = ServerWritableStream<unknown, unknown>;

export interface GrpcServerParts {
  readonly endpoints: readonly Endpoint[];
  readonly pipeline: Pipeline;
  readonly image: Image;
  readonly peers: Peers;
  /** Whether the operator's token counts here for the calls of applications too. */
  readonly takesOperator: boolean;
  /** Hears of each connection that was closed because it sent too much besides calls. */
  readonly flooded: () => void;
}

/** The gRPC side: all endpoints, health (grpc.health.v1) and reflection. */
export class GrpcServer implements Wire {
  readonly #server: Server;
  readonly #injector: ConnectionInjector;
  readonly #guard: FloodGuard;
  readonly #open: Streams;
  readonly #peers: Peers;
  readonly #takesOperator: boolean;
  /** By address and port, which is all that grpc-js tells of a call's connection. */
  readonly #connections = new Map<string, Connection>();
  readonly #health: HealthImplementation;
  readonly #services: readonly string[];
  /** Open streams of health and reflection, which may never end by themselves. */
  readonly #streams = new Set<{ end(): void }>();
  /** Open streams of the endpoints. */
  readonly #answers = new OpenStreams();
  #isServing = false;

  constructor({ endpoints, pipeline, image, peers, takesOperator, flooded }: GrpcServerParts) {
    this.#peers = peers;
    this.#takesOperator = takesOperator;
    this.#open = new Streams((name) => this.#connections.get(name), flooded);
    this.#guard = new FloodGuard((connection) => this.#open.hasIncomplete(connection), flooded);
    this.#server = new Server({ 'grpc.max_receive_message_length': MOST_BODY_BYTES, ...CONNECTION, interceptors: [this.#open.interceptor] });
    this.#services = [...new Set(endpoints.map((endpoint) => endpoint.method.service.desc.typeName))];
    for (const endpoint of endpoints) this.#add(endpoint, pipeline);
    this.#health = new HealthImplementation(Object.fromEntries(['', ...this.#services].map((name) => [name, 'NOT_SERVING'])));
    this.#addHealth();
    for (const { definition, implementation } of reflectionServices(image, [...this.#services, HEALTH, REFLECTION], this.#streams)) {
      this.#server.addService(definition, implementation);
    }
    // Connections come with TLS done: the listener does it for every wire.
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
  }

  take(connection: Connection): void {
    this.#connections.set(connection.name, connection);
    connection.socket.once('close', () => {
      if (this.#connections.get(connection.name) === connection) this.#connections.delete(connection.name);
    });
    this.#guard.add(connection);
    this.#injector.injectConnection(connection.socket);
  }

  /** What health says of every service. Watchers hear of changes only, as grpc.health.v1 has it. */
  setServing(serving: boolean): void {
    if (serving === this.#isServing) return;
    this.#isServing = serving;
    for (const name of ['', ...this.#services]) this.#health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  }

  /** Callers of gRPC are sent away by `finish` without losing a call (GOAWAY, RFC 9113 section 6.8). */
  drain(): void {}

  finish(): void {
    this.setServing(false);
    for (const stream of this.#streams) stream.end();
    this.#answers.end();
    this.#server.tryShutdown(() => {});
  }

  #addHealth(): void {
    this.#health.addToServer({
      addService: (definition, { watch, ...others }) => {
        const tracked = (call: Watch): void => {
          this.#streams.add(call);
          call.once('cancelled', () => this.#streams.delete(call));
          (watch as handleServerStreamingCall<unknown, unknown>)(call);
        };
        this.#server.addService(definition, { ...others, watch: tracked });
      },
    });
  }

  #add(endpoint: Endpoint, pipeline: Pipeline): void {
    const definition: ServiceDefinition = {
      [endpoint.method.desc.name]: {
        path: endpoint.path,
        requestStream: false,
        responseStream: endpoint.method.isStream,
        requestSerialize: (message: Buffer) => message,
        requestDeserialize: (bytes: Buffer) => bytes,
        // Messages come encoded: where that fails, grpc-js would answer with words of its own.
        responseSerialize: asBuffer,
        responseDeserialize: (bytes: Buffer) => bytes,
      },
    };
    const originOf: OriginOf = (call) => this.#originOf(call);
    const handler = endpoint.method.isStream ? streamHandler(endpoint, pipeline, originOf, this.#answers) : unaryHandler(endpoint, pipeline, originOf);
    this.#server.addService(definition, { [endpoint.method.desc.name]: handler });
  }

  /** Whose call it is, and over which connection it came; undefined if that is gone already. */
  #originOf({ peer, forwardedFor, bytes }: Arrived): Origin | undefined {
    const connection = this.#connections.get(peer);
    if (connection === undefined) return undefined;
    this.#guard.paid(connection, bytes);
    return { connection, peer: this.#peers.addressOf(connection.address, forwardedFor), takesOperator: this.#takesOperator };
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes);
}
