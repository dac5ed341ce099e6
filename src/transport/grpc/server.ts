import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { Endpoint } from '../../call/endpoints.ts';
import type { Pipeline } from '../../call/pipeline.ts';
import type { Image } from '../../contract/image.ts';
import type { Address, Listener } from '../listener.ts';
import { unaryHandler } from './call.ts';
import { reflectionServices } from './reflection.ts';

const HEALTH = 'grpc.health.v1.Health';
const REFLECTION = 'grpc.reflection.v1.ServerReflection';

/** What is never read at all. Each method has a smaller limit of its own, which the pipeline refuses with a reason. */
const MOST_MESSAGE_BYTES = 1 << 20;

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

  constructor({ endpoints, pipeline, image }: GrpcServerParts) {
    this.#server = new Server({ 'grpc.max_receive_message_length': MOST_MESSAGE_BYTES });
    this.#services = [...new Set(endpoints.map((endpoint) => endpoint.method.service.desc.typeName))];
    for (const endpoint of endpoints) this.#add(endpoint, pipeline);
    this.#health = new HealthImplementation(Object.fromEntries(['', ...this.#services].map((name) => [name, 'NOT_SERVING'])));
    this.#health.addToServer(this.#server);
    for (const { definition, implementation } of reflectionServices(image, [...this.#services, HEALTH, REFLECTION])) {
      this.#server.addService(definition, implementation);
    }
  }

  /** What health says of every service. */
  setServing(serving: boolean): void {
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

  /** Calls in flight finish; what has not after the grace (health watches never do) is cut off. */
  close(graceMilliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const cut = setTimeout(() => this.#server.forceShutdown(), graceMilliseconds);
      this.#server.tryShutdown(() => {
        clearTimeout(cut);
        resolve();
      });
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
