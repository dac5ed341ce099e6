import assert from 'node:assert/strict';
import { Metadata, credentials } from '@grpc/grpc-js';
import type { ClientOptions, ServiceError } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo } from '../../gen/google/rpc/error_details.ts';
import { Status } from '../../gen/google/rpc/status.ts';
import { DeviceKeyState, DeviceState } from '../../gen/keyturn/v1/device.ts';
import { SecretSlot } from '../../gen/keyturn/v1/device_secret.ts';
import { DeviceKeyServiceClient } from '../../gen/keyturn/v1/device_key_service.ts';
import { IdentityState } from '../../gen/keyturn/v1/identity.ts';
import { IssuerKeyState } from '../../gen/keyturn/v1/issuer.ts';
import type { Answer } from './answer.ts';

/** A method as ts-proto generates it. */
export interface GrpcMethod<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** Speaks gRPC to one service. */
export class GrpcClient implements Disposable {
  readonly #client: DeviceKeyServiceClient;

  constructor(address: string, options: ClientOptions = {}) {
    this.#client = new DeviceKeyServiceClient(address, credentials.createInsecure(), options);
  }

  /** Calls a method with a message, or with bytes in place of one. */
  call<Request, Response>(
    method: GrpcMethod<Request, Response>,
    request: Request | Buffer,
    headers: readonly (readonly [string, string])[] = [],
    show: (response: Response) => unknown = plain,
  ): Promise<Answer> {
    const metadata = new Metadata();
    for (const [name, value] of headers) metadata.add(name, value);
    return new Promise((resolve) => {
      let initial = new Metadata();
      const call = this.#client.makeUnaryRequest(
        method.path,
        (message: Request | Buffer) => (Buffer.isBuffer(message) ? message : method.requestSerialize(message)),
        method.responseDeserialize,
        request,
        metadata,
        (error: ServiceError | null, response?: Response) =>
          resolve(error === null && response !== undefined ? success(initial, show(response)) : refusal(error, initial)),
      );
      call.on('metadata', (received: Metadata) => {
        initial = received;
      });
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

function success(metadata: Metadata, shown: unknown): Answer {
  return { wire: 'grpc', status: 0, reason: undefined, fields: [], body: JSON.stringify(shown), headers: headersOf(metadata) };
}

function refusal(error: ServiceError | null, initial: Metadata): Answer {
  assert.ok(error);
  const headers = new Map([...headersOf(initial), ...headersOf(error.metadata)]);
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  const details = Buffer.isBuffer(bytes) ? Status.decode(bytes) : undefined;
  // The status in the trailer is the status of the call.
  if (details !== undefined) assert.deepEqual([details.code, details.message], [error.code, error.details]);
  const find = (type: string) => details?.details.find((detail) => detail.typeUrl === `type.googleapis.com/google.rpc.${type}`)?.value;
  const info = find('ErrorInfo');
  const badRequest = find('BadRequest');
  const { reason, domain } = info === undefined ? {} : ErrorInfo.decode(info);
  if (info !== undefined) assert.equal(domain, 'keyturn');
  const fields = badRequest === undefined ? [] : BadRequest.decode(badRequest).fieldViolations.map(({ field }) => field);
  return { wire: 'grpc', status: error.code, reason, fields, body: error.details, headers };
}

function headersOf(metadata: Metadata): Map<string, readonly string[]> {
  return new Map(Object.keys(metadata.getMap()).map((name) => [name, metadata.get(name).map(String)]));
}

/** What the words of a message are, by one of its members. */
const WORDS = [['slot', SecretSlot], ['thumbprint', DeviceKeyState], ['test', IssuerKeyState], ['hasEmail', IdentityState]] as const;

/** A message as `/v1` shows it: proto names, words for states, times and 64-bit numbers as text; unset messages are left out. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if ('seconds' in value && 'nanos' in value) return timeText(Number(value.seconds), Number(value.nanos));
  const words = WORDS.find(([member]) => member in value)?.[1] ?? DeviceState;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [snakeCase(name), name === 'state' || name === 'slot' ? wordOf(words, member) : plain(member)]),
  );
}

function wordOf(words: Readonly<Record<string, number>>, number: unknown): string {
  const name = Object.entries(words).find(([, value]) => value === number)?.[0] ?? 'none';
  return name.slice(name.lastIndexOf('_') + 1);
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function timeText(seconds: number, nanos: number): string {
  return new Date(seconds * 1000 + nanos / 1e6).toISOString().replace('.000Z', 'Z');
}
