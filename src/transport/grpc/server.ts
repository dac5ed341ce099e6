import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServerWritableStream, ServiceDefinition, handleServerStreamingCall } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { Endpoint } from '../../call/endpoints.ts';
import type { Pipeline } from '../../call/pipeline.ts';
import { MOST_BODY_BYTES } from '../../contract/check.ts';
import type { Image } from '../../contract/image.ts';
import type { Address, Listener } from '../listener.ts';
import { unaryHandler } from './call.ts';
import { reflectionServices } from './reflection.ts';

const HEALTH = 'grpc.health.v1.Health';
const REFLECTION = 'grpc.reflection.v1.ServerReflection';

/** Calls at once on a connection; milliseconds until an idle one is closed, and between and after the pings that find a dead one. */
const CONNECTION = {
  'grpc.max_concurrent_streams': 256,
  'grpc.max_connection_idle_ms': 300_000,
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
};

type Watch = ServerWritableStream<unknown, unknown>;

export interface GrpcServerParts {
  readonly endpoints: readonly Endpoint[];
  readonly pipeline: Pipeline;
  readonly image: Image;
}

/** The gRPC side: all endpoints, health (grpc.health.v1) and reflection. */
export class GrpcServer implements Listener {
  readonly #server: Server;
  readonly #health: HealthImplementation;
  readonly #services: readonly string[];
  /** Open streams of our own, of health and reflection, which may never end by themselves. */
  readonly #streams = new Set<{ end(): void }>();
  #isServing = false;

  constructor({ endpoints, pipeline, image }: GrpcServerParts) {
    this.#server = new Server({ 'grpc.max_receive_message_length': MOST_BODY_BYTES, ...CONNECTION });
    this.#services = [...new Set(endpoints.map((endpoint) => endpoint.method.service.desc.typeName))];
    for (const endpoint of endpoints) this.#add(endpoint, pipeline);
    this.#health = new HealthImplementation(Object.fromEntries(['', ...this.#services].map((name) => [name, 'NOT_SERVING'])));
    this.#addHealth();
    for (const { definition, implementation } of reflectionServices(image, [...this.#services, HEALTH, REFLECTION], this.#streams)) {
      this.#server.addService(definition, implementation);
    }
  }

  /** What health says of every service. Watchers hear of changes only, as grpc.health.v1 has it. */
  setServing(serving: boolean): void {
    if (serving === this.#isServing) return;
    this.#isServing = serving;
    for (const name of ['', ...this.#services]) this.#health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  }

  listen(address: Address): Promise<number> {
    const host = address.host.includes(':') ? `[${address.host}]` : address.host;
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(`${host}:${address.port}`, ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
  }

  close(graceMilliseconds: number): Promise<void> {
    this.setServing(false);
    for (const stream of this.#streams) stream.end();
    return new Promise((resolve) => {
      const cut = setTimeout(() => this.#server.forceShutdown(), graceMilliseconds);
      this.#server.tryShutdown(() => {
        clearTimeout(cut);
        resolve();
      });
    });
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
        responseStream: false,
        requestSerialize: (message: Buffer) => message,
        requestDeserialize: (bytes: Buffer) => bytes,
        responseSerialize: (message: object) => Buffer.from(endpoint.encode(message)),
        responseDeserialize: (bytes: Buffer) => bytes,
      },
    };
    this.#server.addService(definition, { [endpoint.method.desc.name]: unaryHandler(endpoint, pipeline) });
  }
}
