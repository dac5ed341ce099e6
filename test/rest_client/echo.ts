import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, before } from 'mocha';
import type { Handler } from '../../src/call/call.ts';
import { planRoute } from '../../src/generate/rest_client/route_plan.ts';
import type { RoutePlan } from '../../src/generate/rest_client/route_plan.ts';
import { generateCode, loadCode } from '../support/generated.ts';
import type { Generated } from '../support/generated.ts';
import { startTranscoder } from '../transcoder/service.ts';
import type { Handlers, TestTranscoder } from '../transcoder/service.ts';

type Module = Record<string, new (options: object) => Record<string, (request: unknown, options?: object) => Called>>;

/** What a method of a generated client gives, as far as tests need it whatever its types. */
export type Called = Promise<unknown> & AsyncIterable<unknown> & { readonly withResponse: () => Promise<Record<string, unknown>> };

/** The contract of the transcoder's tests, served, with the clients that were generated for it. */
export interface Echo {
  readonly generated: Generated;
  readonly transcoder: TestTranscoder;
  /** Where the generated code is. */
  readonly folder: string;
  /** The requests that handlers were given, by method path, newest last. */
  readonly seen: { readonly path: string; readonly request: object }[];
  /** Calls a method over a route. */
  call(plan: RoutePlan, request: unknown, options?: object): Called;
  /** Calls a method by its service's and its own name; of several routes the one of the options, or the first. */
  ask(method: string, request: unknown, options?: object): Called;
}

/** All routes of a contract that a client can call. */
export function plansOf({ contract }: Generated): RoutePlan[] {
  return contract.services.flatMap(({ methods }) => methods).flatMap((method) => method.http.flatMap((rule) => planRoute(method, rule) ?? []));
}

let generated: string | undefined;

/** Where the contract of the transcoder's tests was generated, once in a run. */
function generatedFolder(): string {
  if (generated !== undefined) return generated;
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-rest-client-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  generateCode(new URL('../transcoder/proto', import.meta.url), folder);
  generated = folder;
  return folder;
}

/** Started once for a describe block; methods without a handler answer their requests. */
export function withEcho(handlers: Handlers = {}): () => Echo {
  let echo: Echo | undefined;
  before(async function () {
    this.timeout(120_000);
    echo = await startEcho(generatedFolder(), handlers);
  });
  after(() => echo?.transcoder[Symbol.asyncDispose]());
  return () => {
    if (echo === undefined) throw new Error('it is not there yet');
    return echo;
  };
}

async function startEcho(folder: string, own: Handlers): Promise<Echo> {
  const code = await loadCode(folder, 'transcoder.v1');
  const seen: Echo['seen'] = [];
  const handlers = Object.fromEntries(
    code.contract.services.flatMap(({ methods }) => methods).map(({ desc, path, isStream }): [string, Handler] => {
      // Not every text is a media type with which an answer could leave.
      const isContent = desc.output.typeName === 'google.api.HttpBody';
      const keep = (request: object): object => {
        seen.push({ path, request });
        return isContent ? { ...request, contentType: 'text/plain' } : request;
      };
      if (!isStream) return [path, async (request: never) => keep(request)];
      return [path, async function* (request: never) {
        keep(request);
        yield* [];
      }];
    }),
  );
  const transcoder = await startTranscoder({ ...handlers, ...own });
  const clients = new Map<string, Record<string, (request: unknown, options?: object) => Called>>();
  for (const { desc } of code.contract.services) {
    const module = (await import(pathToFileURL(join(folder, 'gen/rest', `${desc.file.name}.ts`)).href)) as Module;
    const Client = module[`${desc.name}Client`];
    if (Client !== undefined) clients.set(desc.name, new Client({ baseUrl: transcoder.url }));
  }
  const ask: Echo['ask'] = (name, request, options = {}) => {
    const [service = '', method = ''] = name.split('.');
    return clients.get(service)?.[method]?.(request, options) ?? assert.fail(`no client has ${name}`);
  };
  const call: Echo['call'] = ({ method: { desc }, name }, request, options = {}) => ask(`${desc.parent.name}.${desc.localName}`, request, { ...options, route: name });
  return { generated: code, transcoder, folder, seen, call, ask };
}
