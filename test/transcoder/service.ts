import { pino } from 'pino';
import { Caller, Fault } from '../../gen/keyturn/options/v1/options.ts';
import type { Authenticator } from '../../src/call/authenticate/authenticator.ts';
import type { OperatorPrincipal } from '../../src/call/authenticate/principal.ts';
import type { Handler } from '../../src/call/call.ts';
import { bind, joinEndpoints } from '../../src/call/endpoints.ts';
import { Pipeline } from '../../src/call/pipeline.ts';
import type { Authenticators } from '../../src/call/pipeline.ts';
import { Telemetry } from '../../src/call/telemetry.ts';
import { Turnstile } from '../../src/call/turnstile.ts';
import { systemClock } from '../../src/clock.ts';
import { FaultError } from '../../src/contract/fault.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { Metrics } from '../../src/metrics.ts';
import type { TlsMaterial } from '../../src/tls_files.ts';
import { Acceptor } from '../../src/transport/acceptor.ts';
import { GrpcServer } from '../../src/transport/grpc/server.ts';
import { Peers } from '../../src/transport/peers.ts';
import type { EnvelopeSettings } from '../../src/transport/rest/envelopes.ts';
import { RestHandler } from '../../src/transport/rest/handler.ts';
import { Transcoder } from '../../src/transport/rest/index.ts';
import { RestServer } from '../../src/transport/rest/server.ts';
import { AnswerCheck } from '../openapi/answers.ts';
import type { Document } from '../openapi/document.ts';
import { RestClient } from '../wire/rest.ts';
import { generateContract } from './contract.ts';

/** The one token that is refused. */
export const WRONG_TOKEN = 'wrong';

/** Handlers by method path, such as `/transcoder.v1.EchoService/Echo`; a method without one answers its request, as a stream without messages if it is one. */
export type Handlers = Readonly<Record<string, Handler>>;

/** The contract of these tests, served by the real transports and the real pipeline. */
export interface TestTranscoder extends AsyncDisposable {
  readonly rest: RestClient;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** `127.0.0.1:PORT` */
  readonly grpc: string;
  /** What it has logged, parsed. */
  readonly lines: Record<string, unknown>[];
  readonly metrics: Metrics;
  /** Calls in flight, streams, and connections of both wires. */
  load(): { readonly running: number; readonly streams: number; readonly connections: number };
  /** Lets go of connections after their next answer. */
  drain(): void;
  /** Stops both wires as at the end of a service; rejects if that takes longer than the grace, milliseconds. */
  stop(grace: number): Promise<void>;
}

/** Lets everybody in but who brings the wrong token: these tests are about what comes before and after. */
const open: Authenticator<OperatorPrincipal> = {
  async authenticate({ metadata }) {
    if (metadata.get('authorization') === `Bearer ${WRONG_TOKEN}`) throw new FaultError(Fault.FAULT_UNAUTHENTICATED, 'the wrong token');
    return { kind: 'operator' };
  },
  authorize() {},
  limit() {},
};

/** Numbers that are none, and values that an enum does not have: no client is to expect them. */
const UNDOCUMENTED = /"(?:NaN|-?Infinity)"|"color":\d/;

const CALLERS = Object.values(Caller).filter((caller) => caller > 0);

export interface TranscoderOptions {
  /** What it logs. */
  readonly level?: 'info' | 'debug';
  /** Most connections of each wire. */
  readonly connections?: number;
  /** Undefined: no TLS. */
  readonly tls?: TlsMaterial;
  /** Who is asked otherwise than by `open`. */
  readonly authenticators?: Authenticators;
  /** Of ENVELOPE_IOTDA. */
  readonly style?: EnvelopeSettings['iotda'];
}

export async function startTranscoder(handlers: Handlers = {}, { level = 'info', connections = 2048, tls, authenticators = new Map(), style = 'iotda' }: TranscoderOptions = {}): Promise<TestTranscoder> {
  const { contract, definitions, openApi } = await generateContract();
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level, base: null }, { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  const bindings = [...definitions.values()].flatMap((definition) =>
    bind(definition, Object.fromEntries(Object.entries(definition).map(([name, { path, responseStream }]) => [name, handlers[path] ?? (responseStream ? nothing : echo)])) as never),
  );
  const endpoints = joinEndpoints(contract, bindings);
  const metrics = createMetrics();
  const turnstile = new Turnstile(1_000_000_000, systemClock);
  const pipeline = new Pipeline({
    contract,
    endpoints,
    authenticators: new Map([...CALLERS.map((caller) => [caller, open] as const), ...authenticators]),
    turnstile,
    observer: new Telemetry(log, metrics),
  });
  const peers = new Peers();
  const handler = new RestHandler({ transcoder: new Transcoder(endpoints, contract), pipeline, pages: new Map(), envelopes: { words: new Map(), iotda: style, typePrefix: '', mediaTypes: new Map() }, takesOperator: true });
  const wires = [
    new RestServer({ handler, peers, log }),
    new GrpcServer({ endpoints, pipeline, image: contract.image, peers, takesOperator: true, flooded: () => {} }),
  ] as const;
  const [rest, grpc] = wires.map((wire) => new Acceptor({ wire, protocols: [], tls, connections, cut: () => {} }));
  const address = { host: '127.0.0.1', port: 0 };
  const [restPort, grpcPort] = await Promise.all([rest?.listen(address), grpc?.listen(address)]);
  const url = `http${tls === undefined ? '' : 's'}://127.0.0.1:${restPort}`;
  const check = new AnswerCheck(JSON.parse(openApi) as Document);
  const client = new RestClient(url, (method, target, answer) => {
    if (!UNDOCUMENTED.test(answer.body)) check.assertDocumented(method, target, answer);
  });
  return {
    rest: client,
    url,
    grpc: `127.0.0.1:${grpcPort}`,
    lines,
    metrics,
    load: () => ({ running: turnstile.load.running, streams: pipeline.streams, connections: (rest?.size ?? 0) + (grpc?.size ?? 0) }),
    drain() {
      rest?.drain();
      grpc?.drain();
    },
    async stop(grace) {
      const start = performance.now();
      await Promise.all([rest?.close(grace), grpc?.close(grace)]);
      if (performance.now() - start >= grace) throw new Error('connections had to be cut off');
    },
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await Promise.all([rest?.close(0), grpc?.close(0)]);
    },
  };
}

async function echo(request: object): Promise<object> {
  return request;
}

async function* nothing(): AsyncGenerator<object> {}
