import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from './child.ts';
import type { Wire } from './load/protocol.ts';
import type { Workbench } from './workbench.ts';

/** A server under load: Keyturn, or the floor that it is compared with. */
export type Side = 'subject' | 'floor';

/** Who echoes JSON (bench/echo): Keyturn's way of a REST call, bare node:http, that with a bridge to messages, or with a gRPC call over loopback. */
export type EchoSide = 'keyturn' | 'bare' | 'bridge' | 'hop';

export interface Server extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  /** The end of what it has written to standard error. */
  lastWords(): string;
}

export interface ServerOptions {
  readonly name: string;
  readonly side: Side;
  readonly wire: Wire;
  readonly databaseUrl: string;
  readonly nodeArgs?: readonly string[];
  /** `ID:BASE64`. */
  readonly masterKey?: string;
  /** More of Keyturn's environment. */
  readonly settings?: Readonly<Record<string, string>>;
  /** A program of the benchmark, and its arguments after the URL of its database; unset: the floor of rotations. */
  readonly floor?: { readonly program: string; readonly args: readonly string[] };
}

/** Of every Keyturn of the benchmark. */
export const OPERATOR_TOKEN = 'benchmark-operator-token';
const MASTER_KEY = `bench:${Buffer.alloc(32, 7).toString('base64')}`;

const KEYTURN = new URL('../src/start.js', import.meta.url);
/** As npm start sets it: glibc keeps less of what was freed. */
const MALLOC = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_TRIM_THRESHOLD_: '131072' };
const LISTEN = { KEYTURN_HTTP_LISTEN: '127.0.0.1:0', KEYTURN_GRPC_LISTEN: '127.0.0.1:0' };
const LAST_WORDS = 2000;

export interface KeyturnOptions {
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[] | undefined;
  readonly core?: number | undefined;
}

/** Keyturn as `npm start` runs it, on free ports, with its log at the usual level. Its settings decide on the store. */
export function spawnKeyturn(bench: Workbench, { name, settings, nodeArgs = [], core }: KeyturnOptions): Child {
  const log = openSync(logOf(bench, name), 'a');
  const env = { ...MALLOC, ...LISTEN, ...settings };
  return bench.own(new Child(name, { script: KEYTURN, nodeArgs, env, stdio: ['ignore', 'pipe', log], core }));
}

/** Where it serves REST and gRPC, once it does. */
export async function keyturnPorts(child: Child): Promise<Record<Wire, number>> {
  const match = await child.line(/^keyturn ready http=https?:\/\/[^ ]+:(\d+) grpc=[^ ]+:(\d+) /);
  return { rest: Number(match[1]), grpc: Number(match[2]) };
}

/** Starts a side and waits until it serves. */
export async function startServer(bench: Workbench, options: ServerOptions): Promise<Server> {
  const { name, side, wire } = options;
  const child = side === 'subject' ? spawnSubject(bench, options) : spawnFloor(bench, options);
  return whenServing(bench, name, child, async () => (side === 'subject' ? (await keyturnPorts(child))[wire] : servingPort(child)));
}

/** The echo of one side, pinned like any server. `folder` holds the generated contract. */
export async function startEcho(bench: Workbench, side: EchoSide, folder: string, nodeArgs: readonly string[] = []): Promise<Server> {
  const name = `echo_${side}`;
  const script = new URL(`echo/${side}.ts`, import.meta.url);
  const log = openSync(logOf(bench, name), 'a');
  const child = bench.own(new Child(name, { script, nodeArgs, args: [folder], env: MALLOC, stdio: ['ignore', 'pipe', log], core: bench.cores.server }));
  return whenServing(bench, name, child, () => servingPort(child));
}

async function whenServing(bench: Workbench, name: string, child: Child, portOf: () => Promise<number>): Promise<Server> {
  const lastWords = (): string => readFileSync(logOf(bench, name), 'utf8').slice(-LAST_WORDS);
  try {
    return { pid: child.pid, port: await portOf(), lastWords, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
  } catch (error) {
    throw new Error(`${name} did not start: ${lastWords()}`, { cause: error });
  }
}

function spawnSubject(bench: Workbench, { name, databaseUrl, nodeArgs, masterKey = MASTER_KEY, settings = {} }: ServerOptions): Child {
  const all = { KEYTURN_DATABASE_URL: databaseUrl, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN, KEYTURN_MASTER_KEYS: masterKey, ...settings };
  return spawnKeyturn(bench, { name, settings: all, nodeArgs, core: bench.cores.server });
}

function spawnFloor(bench: Workbench, { name, wire, databaseUrl, nodeArgs = [], floor = { program: `floor/${wire}`, args: [] } }: ServerOptions): Child {
  const script = new URL(`${floor.program}.ts`, import.meta.url);
  const log = openSync(logOf(bench, name), 'a');
  const stdio = ['ignore', 'pipe', log] as const;
  return bench.own(new Child(name, { script, nodeArgs, args: [databaseUrl, ...floor.args], stdio: [...stdio], core: bench.cores.server }));
}

async function servingPort(child: Child): Promise<number> {
  return Number((await child.line(/^serving on (\d+)$/))[1]);
}

function logOf(bench: Workbench, name: string): string {
  return join(bench.folder, `${name}.log`);
}
