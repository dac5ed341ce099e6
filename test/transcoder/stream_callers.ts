import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Metadata, credentials, makeClientConstructor } from '@grpc/grpc-js';
import type { Client, ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo } from '../../gen/google/rpc/error_details.ts';
import { Status } from '../../gen/google/rpc/status.ts';
import { generateContract } from './contract.ts';
import type { TestTranscoder } from './service.ts';

export const WATCH = '/transcoder.v1.StreamService/Watch';
export const WIRES = ['rest', 'grpc'] as const;
export type Wire = (typeof WIRES)[number];

/** What a test asks for: its scenario, and a count. */
export interface Wish {
  readonly scenario: string;
  readonly count?: number;
  readonly secret?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly deadline?: number;
}

/** How a stream ended. `code` is that of gRPC, 0 for success; undefined: the connection broke. */
export interface End {
  readonly code: number | undefined;
  readonly message?: string;
  readonly reason?: string | undefined;
  readonly fields?: readonly string[];
  /** Over REST, and 200 if it had begun. */
  readonly status?: number | undefined;
}

/** A stream as its caller sees it. */
export interface Watched {
  /** Resolves with response metadata when the stream has begun. */
  readonly head: Promise<ReadonlyMap<string, string>>;
  /** The numbers of the messages that have come. */
  readonly numbers: number[];
  readonly end: Promise<End>;
  /** Goes away. */
  readonly cancel: () => void;
  /** Reads no more, and reads on. */
  readonly pause: () => void;
  readonly resume: () => void;
}

/** Calls Watch over either wire. */
export class Callers implements Disposable {
  readonly #url: string;
  readonly #grpc: string;
  readonly #clients: Client[] = [];

  constructor({ url, grpc }: TestTranscoder) {
    this.#url = url;
    this.#grpc = grpc;
  }

  watch(wire: Wire, wish: Wish): Promise<Watched> {
    return wire === 'rest' ? Promise.resolve(this.#watchRest(wish)) : this.#watchGrpc(wish);
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client.close();
  }

  #watchRest({ scenario, count = 0, secret = '', headers = {}, deadline }: Wish): Watched {
    const query = new URLSearchParams({ scenario, count: String(count), ...(secret === '' ? {} : { secret }) });
    const request = httpRequest(`${this.#url}/stream/events?${query.toString()}`, { headers: { ...headers, ...(deadline === undefined ? {} : { 'grpc-timeout': `${deadline}m` }) }, agent: false });
    request.end();
    const numbers: number[] = [];
    const answered = once(request, 'response') as Promise<[IncomingMessage]>;
    request.on('error', () => {});
    const end = answered.then(([response]) => read(response, numbers), (): End => ({ code: undefined }));
    const head = answered.then(([{ headers: given }]) => new Map(Object.entries(given).map(([name, value]) => [name, String(value)])));
    head.catch(() => {});
    return { head, numbers, end, cancel: () => void request.destroy(), pause: () => void request.socket?.pause(), resume: () => void request.socket?.resume() };
  }

  /** 32 streams a connection are allowed, so that each has a connection of its own. */
  async #watchGrpc({ scenario, count = 0, secret = '', headers = {}, deadline }: Wish): Promise<Watched> {
    const { definitions } = await generateContract();
    const method = definitions.get('transcoder.v1.StreamService')?.['watch'];
    if (method === undefined) throw new Error('the definition has no Watch');
    const Constructor = makeClientConstructor({}, 'any');
    const client = new Constructor(this.#grpc, credentials.createInsecure(), { 'grpc.enable_http_proxy': 0, 'grpc.use_local_subchannel_pool': 1 });
    this.#clients.push(client);
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    const options = deadline === undefined ? {} : { deadline: Date.now() + deadline };
    const call = client.makeServerStreamRequest(method.path, method.requestSerialize, method.responseDeserialize, { scenario, count, secret }, metadata, options);
    const head = headOf(call);
    head.catch(() => {});
    const numbers: number[] = [];
    call.on('data', (event: { eventNumber: number }) => void numbers.push(event.eventNumber));
    return { head, numbers, end: endOf(call).finally(() => client.close()), cancel: () => call.cancel(), pause: () => void call.pause(), resume: () => void call.resume() };
  }
}

async function headOf(call: ClientReadableStream<object>): Promise<ReadonlyMap<string, string>> {
  const [metadata] = (await once(call, 'metadata')) as [Metadata];
  return new Map(Object.entries(metadata.getMap()).map(([name, value]) => [name, value.toString()]));
}

function endOf(call: ClientReadableStream<object>): Promise<End> {
  return new Promise((resolve) => {
    call.once('end', () => resolve({ code: 0 }));
    call.once('error', ({ code, details, metadata }: ServiceError) => {
      const [bytes] = metadata.get('grpc-status-details-bin');
      const told = Buffer.isBuffer(bytes) ? Status.decode(bytes).details : [];
      const find = (type: string) => told.find(({ typeUrl }) => typeUrl === `type.googleapis.com/google.rpc.${type}`)?.value;
      const info = find('ErrorInfo');
      const bad = find('BadRequest');
      const fields = bad === undefined ? [] : BadRequest.decode(bad).fieldViolations.map(({ field }) => field);
      resolve({ code, message: details, reason: info === undefined ? undefined : ErrorInfo.decode(info).reason, fields });
    });
  });
}

/** The lines, each as soon as it is whole. Fails where the last one has no end. */
async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of response) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  // An ordinary answer is no stream of lines.
  if (rest !== '' && response.statusCode === 200) throw new Error('a line without an end');
  if (rest !== '') yield rest;
}

interface RpcStatus {
  readonly code: number;
  readonly message: string;
  readonly details: readonly { readonly reason?: string; readonly fieldViolations?: readonly { readonly field: string }[] }[];
}

type Line = { readonly eventNumber: number } | { readonly error: RpcStatus };

/** Fails where a line comes after the error. */
async function read(response: IncomingMessage, numbers: number[]): Promise<End> {
  const { statusCode: status } = response;
  let error: RpcStatus | undefined;
  try {
    for await (const text of linesOf(response)) {
      if (error !== undefined) throw new Error('a line after the last one');
      const line = JSON.parse(text) as Line | RpcStatus;
      if (status !== 200) error = line as RpcStatus;
      else if ('error' in line) error = line.error;
      else numbers.push((line as { eventNumber: number }).eventNumber);
    }
  } catch {
    return { code: undefined, status };
  }
  // Set where the terminating chunk has come.
  if (!response.complete) return { code: undefined, status };
  if (error === undefined) return { code: 0, status };
  const { code, message, details } = error;
  const fields = details.flatMap(({ fieldViolations = [] }) => fieldViolations.map(({ field }) => field));
  return { code, message, reason: details.find(({ reason }) => reason !== undefined)?.reason, fields, status };
}
