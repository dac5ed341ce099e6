import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { applicationDrafts } from './applications/corpus.ts';
import { checkRefusal } from './applications/refusals.ts';
import { caseOf } from './case.ts';
import type { Drawer, FuzzCase } from './case.ts';
import { tryCase } from './connection.ts';
import type { CheckRefusal } from './connection.ts';
import { routeDrafts } from './corpus.ts';
import { identityDrafts } from './identity/calls.ts';
import { checkIdentityRefusal } from './identity/refusals.ts';
import { BothWires } from './identity/wires.ts';
import { seedOf } from './random.ts';
import type { Corpus, ServerMessage } from './reports.ts';
import { tokenDrafts } from './tokens/drafts.ts';
import { checkTokenRefusal } from './tokens/refusals.ts';
import { TokenWires } from './tokens/wires.ts';

/** What is fuzzed: the contract of the transcoder tests, or the service's own API for applications, for identity keys, or for tokens. */
export const SUBJECTS = ['transcoder', 'applications', 'identity', 'tokens'] as const;
export type Subject = (typeof SUBJECTS)[number];

const SERVERS: Readonly<Record<Subject, string>> = { transcoder: 'server.ts', applications: 'applications/server.ts', identity: 'identity/server.ts', tokens: 'tokens/server.ts' };
const CHECKS: Readonly<Record<Subject, CheckRefusal | undefined>> = { transcoder: undefined, applications: checkRefusal, identity: checkIdentityRefusal, tokens: checkTokenRefusal };
/** Of how many cases one is a call over both wires, where there is such a thing. */
const OVER_BOTH = 4;

export interface FuzzOptions {
  /** How many to send at least. */
  readonly requests: number;
  readonly seed: number;
  readonly subject: Subject;
  readonly progress: (line: string) => void;
}

export interface FuzzReport {
  readonly requests: number;
  readonly connections: number;
  readonly answers: number;
  readonly seconds: number;
  /** Bytes of the service's heap after a collection, early in the run and at its end, and the most it held of the machine's memory. */
  readonly heap: { readonly early: number; readonly late: number };
  readonly resident: number;
  /** What went wrong, with what it takes to see it again. */
  readonly findings: readonly string[];
}

/** Connections at once. */
const LANES = 48;
/** After so many findings there is no use in going on. */
const MOST_FINDINGS = 5;
/** How much the heap may grow from early in the run to its end, and what the process may take at most, bytes. */
const MOST_GROWTH = 32 << 20;
const MOST_RESIDENT = 600 << 20;
const HEAP_MIB = 256;
/** Between two looks at the service, milliseconds. */
const LOOK = 2_000;

/** Sends broken requests to a service in a process of its own, and reports what it answers wrongly. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const server = fork(new URL(SERVERS[options.subject], import.meta.url), { execArgv: ['--expose-gc', `--max-old-space-size=${HEAP_MIB}`], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  try {
    const ready = await next(server, 'ready');
    return await new Run(options, server, ready).run();
  } finally {
    // It ends when it hears nothing more from here.
    if (server.connected) {
      const ended = once(server, 'exit');
      server.disconnect();
      await ended;
    }
  }
}

class Run {
  readonly #options: FuzzOptions;
  readonly #server: ChildProcess;
  readonly #port: number;
  readonly #corpus: Corpus;
  readonly #draw: Drawer;
  readonly #wires: BothWires | TokenWires | undefined;
  readonly #start = Date.now();
  readonly #findings: string[] = [];
  /** What is on its way, for the case that the service ends. */
  readonly #open = new Map<number, FuzzCase>();
  #requests = 0;
  #connections = 0;
  #answers = 0;
  #resident = 0;

  constructor(options: FuzzOptions, server: ChildProcess, { port, corpus }: ServerMessage & { kind: 'ready' }) {
    this.#options = options;
    this.#server = server;
    this.#port = port;
    this.#corpus = corpus;
    this.#draw = drawerOf(corpus);
    this.#wires = wiresOf(port, corpus);
  }

  async run(): Promise<FuzzReport> {
    this.#server.once('exit', (code, signal) => {
      const cases = Array.from(this.#open, ([index, fuzzCase]) => this.#repro(index, fuzzCase));
      this.#found(`the service has ended (${code ?? signal}); on their way were\n${cases.join('\n')}`);
    });
    const { requests } = this.#options;
    await this.#send(requests / 10);
    const early = await this.#look();
    let late = early;
    const looking = setInterval(() => void this.#look().catch(() => {}), LOOK);
    try {
      await this.#send(requests);
      late = await this.#look();
    } finally {
      clearInterval(looking);
      this.#wires?.[Symbol.dispose]();
    }
    this.#server.removeAllListeners('exit');
    if (late - early > MOST_GROWTH) this.#found(`the heap has grown from ${early} to ${late} bytes`);
    if (this.#resident > MOST_RESIDENT) this.#found(`the service took ${this.#resident} bytes`);
    return {
      requests: this.#requests,
      connections: this.#connections,
      answers: this.#answers,
      seconds: (Date.now() - this.#start) / 1_000,
      heap: { early, late },
      resident: this.#resident,
      findings: this.#findings,
    };
  }

  async #send(requests: number): Promise<void> {
    await Promise.all(Array.from({ length: LANES }, async () => {
      while (this.#requests < requests && this.#findings.length < MOST_FINDINGS) await this.#try();
    }));
  }

  async #try(): Promise<void> {
    const index = this.#connections;
    this.#connections += 1;
    if (this.#wires !== undefined && index % OVER_BOTH === 0) return this.#tryBoth(this.#wires, index);
    const fuzzCase = caseOf(seedOf(this.#options.seed, index), this.#draw);
    this.#requests += fuzzCase.requests;
    this.#open.set(index, fuzzCase);
    try {
      const answers = await tryCase(this.#port, fuzzCase, CHECKS[this.#corpus.kind]);
      this.#answers += answers;
    } catch (error) {
      this.#found(`${error instanceof Error ? error.message : String(error)}\n${this.#repro(index, fuzzCase)}`);
    }
    this.#open.delete(index);
  }

  async #tryBoth(wires: BothWires | TokenWires, index: number): Promise<void> {
    this.#requests += 2;
    try {
      await wires.try(seedOf(this.#options.seed, index));
      this.#answers += 2;
    } catch (error) {
      this.#found(`${error instanceof Error ? error.message : String(error)}\n  seed ${this.#options.seed}, case ${index} over both wires`);
    }
  }

  /** Asks the service how it fares. Returns the size of its heap. */
  async #look(): Promise<number> {
    if (this.#server.exitCode !== null || this.#server.signalCode !== null) return 0;
    this.#server.send('state');
    const { heap, resident, failures } = await next(this.#server, 'state');
    this.#resident = Math.max(this.#resident, resident);
    for (const line of failures) this.#found(`the service has logged ${line}`);
    const seconds = (Date.now() - this.#start) / 1_000;
    this.#options.progress(`${this.#requests} requests, ${Math.round(this.#requests / seconds)} a second, heap ${heap >> 20} MiB, resident ${resident >> 20} MiB, findings ${this.#findings.length}`);
    return heap;
  }

  #found(finding: string): void {
    this.#findings.push(finding);
    this.#options.progress(finding);
  }

  #repro(index: number, { pieces }: FuzzCase): string {
    const written = pieces.map((piece) => JSON.stringify(piece.toString('latin1'))).join('\n    ');
    return `  seed ${this.#options.seed}, connection ${index}, written as latin1:\n    ${written}`;
  }
}

function wiresOf(rest: number, corpus: Corpus): BothWires | TokenWires | undefined {
  if (corpus.kind === 'tokens') return new TokenWires({ rest, grpc: corpus.grpcPort }, corpus.material);
  return corpus.kind === 'identity' ? new BothWires({ rest, grpc: corpus.grpcPort }, corpus.material) : undefined;
}

function drawerOf(corpus: Corpus): Drawer {
  if (corpus.kind === 'tokens') return tokenDrafts(corpus.material);
  if (corpus.kind === 'identity') return identityDrafts(corpus.material);
  return corpus.kind === 'applications' ? applicationDrafts(corpus.material) : routeDrafts(corpus.routes);
}

/** The next message of a kind. Rejects if the service ends before. */
async function next<Kind extends ServerMessage['kind']>(server: ChildProcess, kind: Kind): Promise<ServerMessage & { kind: Kind }> {
  const ended = new AbortController();
  const onExit = (): void => ended.abort(new Error('the service has ended'));
  server.once('exit', onExit);
  try {
    for (;;) {
      const [message] = (await once(server, 'message', { signal: ended.signal })) as [ServerMessage];
      if (message.kind === kind) return message as ServerMessage & { kind: Kind };
    }
  } finally {
    server.off('exit', onExit);
  }
}
