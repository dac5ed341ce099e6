import { Metadata, credentials, makeGenericClientConstructor } from '@grpc/grpc-js';
import type { Client, ServiceDefinition, ServiceError } from '@grpc/grpc-js';
import { Caller, Fault } from '../../gen/keyturn/options/v1/options.ts';
import type { Authenticator } from '../../src/call/authenticate/authenticator.ts';
import type { ApplicationPrincipal } from '../../src/call/authenticate/principal.ts';
import { FaultError } from '../../src/contract/fault.ts';
import { ApiError } from '../../src/errors.ts';
import type { Generated } from '../support/generated.ts';
import type { Answer } from '../wire/answer.ts';
import { generateContract } from './contract.ts';
import { startTranscoder } from './service.ts';
import type { Handlers, TestTranscoder, TranscoderOptions } from './service.ts';

/** The numbers of reasons of error_reason.proto that are of no fault. */
export const TAKEN = 253 as never;
export const FULL = 206 as never;

/** What an authenticator saw of a call, in order. */
export interface Asked {
  readonly permission: string;
  readonly project: string | undefined;
}

const FAULTS: ReadonlyMap<string, Fault> = new Map([
  ['wrong', Fault.FAULT_UNAUTHENTICATED],
  ['forged', Fault.FAULT_SIGNATURE_REFUSED],
  ['old', Fault.FAULT_TOKEN_EXPIRED],
]);

/** Asks who calls by the header x-token, then for which project: its caller has the project `mine` alone, and those that begin with `projects/`. */
export class Rights implements Authenticator<ApplicationPrincipal> {
  readonly asked: Asked[] = [];

  async authenticate({ metadata }: Parameters<Authenticator['authenticate']>[0]): Promise<ApplicationPrincipal> {
    const fault = FAULTS.get(metadata.get('x-token') ?? '');
    if (fault !== undefined) throw new FaultError(fault, 'a token that is refused');
    return { kind: 'application', actor: 'test', projectId: 'mine', domain: '', actions: undefined };
  }

  authorize({ projectId }: ApplicationPrincipal, call: Parameters<Authenticator['authorize']>[1]): void {
    const project = call.project();
    this.asked.push({ permission: call.method.rules.permission, project });
    if (project !== undefined && project !== projectId && !project.startsWith('projects/')) throw new ApiError(TAKEN, 'a project of others');
  }

  limit(): void {}
}

interface RestParts {
  readonly token?: string;
  readonly body?: string;
  readonly headers?: readonly (readonly [string, string])[];
}

/** The answer over gRPC: the message, or the error. */
export interface GrpcAnswer {
  readonly code: number;
  readonly details: string;
  readonly requestId: string;
  readonly message: object | undefined;
}

/** A transcoder whose applications are asked for their rights, with a client for both wires. */
export class RightsBench implements AsyncDisposable {
  readonly transcoder: TestTranscoder;
  readonly rights: Rights;
  readonly #client: Client;
  readonly #generated: Generated;

  private constructor(transcoder: TestTranscoder, rights: Rights, client: Client, generated: Generated) {
    this.transcoder = transcoder;
    this.rights = rights;
    this.#client = client;
    this.#generated = generated;
  }

  static async start(handlers: Handlers = {}, options: TranscoderOptions = {}): Promise<RightsBench> {
    const rights = new Rights();
    const generated = await generateContract();
    const transcoder = await startTranscoder(handlers, { ...options, authenticators: new Map([[Caller.CALLER_APPLICATION, rights]]) });
    const definition = generated.definitions.get('transcoder.v1.RightsService') as unknown as ServiceDefinition;
    const client = new (makeGenericClientConstructor(definition, 'RightsService'))(transcoder.grpc, credentials.createInsecure());
    return new RightsBench(transcoder, rights, client, generated);
  }

  /** The status and the body over REST. */
  rest(method: string, target: string, { token, body, headers = [] }: RestParts = {}): Promise<Answer> {
    const all: (readonly [string, string])[] = [...headers];
    if (token !== undefined) all.push(['X-Token', token]);
    if (body !== undefined) all.push(['Content-Type', 'application/json']);
    return this.transcoder.rest.send({ method, target, headers: all, body });
  }

  /** A call over gRPC of a message, or of bytes that may be none; `name` as in `use`. */
  grpc(service: string, name: string, request: object | Buffer, { token, requestId }: { token?: string; requestId?: string } = {}): Promise<GrpcAnswer> {
    const method = this.#generated.definitions.get(`transcoder.v1.${service}`)?.[name];
    if (method === undefined) throw new Error(`no method ${name}`);
    const metadata = new Metadata();
    if (token !== undefined) metadata.set('x-token', token);
    if (requestId !== undefined) metadata.set('x-request-id', requestId);
    const bytes = Buffer.isBuffer(request) ? request : method.requestSerialize({ project: '', thing: '', detail: undefined, number: 0, ...request });
    return new Promise((resolve) => {
      let headers = new Metadata();
      const done = (error: ServiceError | null, message?: object): void => {
        const all = error?.metadata ?? headers;
        resolve({ code: error?.code ?? 0, details: error?.details ?? '', requestId: String(all.get('x-request-id')[0]), message });
      };
      const call = this.#client.makeUnaryRequest(method.path, (same: Buffer) => same, (each) => method.responseDeserialize(each), bytes, metadata, done);
      call.on('metadata', (sent: Metadata) => (headers = sent));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
    await this.transcoder[Symbol.asyncDispose]();
  }
}
