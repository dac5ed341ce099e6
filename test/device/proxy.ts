import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A whole answer, as something in between would give it. */
export interface Made {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/**
 * What happens to a request. `lose_request`: the service never has it. `lose_reply`: it has it, the caller hears
 * nothing. `cut_reply`: the caller hears a half. `late`: it arrives when the caller has given up. Or an answer, or
 * something that happens before it passes.
 */
export type Fault = 'pass' | 'lose_request' | 'lose_reply' | 'cut_reply' | 'late' | Made | (() => Promise<unknown>);

/** A proxy before a service that does to the n-th request what the n-th fault says, and to later ones `otherwise`. */
export interface Proxy extends AsyncDisposable {
  readonly url: string;
  /** The Authorization headers of the requests, in order. */
  readonly seen: string[];
  readonly faults: Fault[];
  otherwise: Fault;
  /** Returns when the service has answered all that was late. */
  settled(): Promise<void>;
}

export async function startProxy(target: string, faults: readonly Fault[] = [], otherwise: Fault = 'pass'): Promise<Proxy> {
  const late: Promise<void>[] = [];
  const server = await listen((incoming, outgoing) => {
    proxy.seen.push(incoming.headers.authorization ?? '');
    const fault = proxy.faults.shift() ?? proxy.otherwise;
    const done = handle(target, fault, incoming, outgoing);
    if (fault === 'late') late.push(done);
    else done.catch(() => outgoing.destroy());
  });
  const proxy: Proxy = {
    url: server.url,
    seen: [],
    faults: [...faults],
    otherwise,
    settled: async () => void (await Promise.all(late.splice(0))),
    [Symbol.asyncDispose]: server[Symbol.asyncDispose],
  };
  return proxy;
}

/** An HTTP server on a free port. */
export async function listen(serve: RequestListener): Promise<AsyncDisposable & { url: string }> {
  const server = createServer(serve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function handle(target: string, fault: Fault, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  if (fault === 'lose_request') return void outgoing.destroy();
  const body = await buffer(incoming);
  if (typeof fault === 'object') return void outgoing.writeHead(fault.status, fault.headers).end(fault.body);
  if (typeof fault === 'function') await fault();
  if (fault === 'late') await once(outgoing, 'close');
  const { status, headers, bytes } = await forward(target, incoming, body);
  if (fault === 'lose_reply') return void outgoing.destroy();
  outgoing.writeHead(status, headers);
  if (fault !== 'cut_reply') return void outgoing.end(bytes);
  outgoing.write(bytes.subarray(0, 10), () => outgoing.destroy());
}

async function forward(target: string, { method, url = '', headers }: IncomingMessage, body: Buffer) {
  const onward = request(target + url, { method, headers, agent: false }).end(body);
  const [response] = (await once(onward, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, bytes: await buffer(response) };
}
