import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Node } from './nodes.ts';

/** How often `/readyz` is asked, and how long its answer may take, milliseconds. */
const CHECK_INTERVAL = 50;
const PATIENCE = 1_000;

type Wire = 'http' | 'grpc';

interface Backend {
  readonly node: Node;
  isReady: boolean;
}

/**
 * Spreads connections over the nodes that are ready, by turns, without a look into them: one listener for each wire.
 * It knows of a node what a real one knows: the answers of `/readyz`, and whether a connection can be had.
 */
export class Balancer implements AsyncDisposable {
  readonly #backends = new Set<Backend>();
  readonly #servers: Readonly<Record<Wire, Server>>;
  readonly #sockets = new Set<Socket>();
  #turn = 0;
  #isEnding = false;

  private constructor() {
    const serverOf = (wire: Wire): Server => createServer({ allowHalfOpen: true }, (client) => void this.#serve(client, wire));
    this.#servers = { http: serverOf('http'), grpc: serverOf('grpc') };
  }

  static async start(nodes: readonly Node[]): Promise<Balancer> {
    const balancer = new Balancer();
    for (const server of Object.values(balancer.#servers)) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    for (const node of nodes) await balancer.add(node);
    return balancer;
  }

  get url(): string {
    return `http://${this.#addressOf('http')}`;
  }

  get grpc(): string {
    return this.#addressOf('grpc');
  }

  #addressOf(wire: Wire): string {
    return `127.0.0.1:${(this.#servers[wire].address() as AddressInfo).port}`;
  }

  /** Takes a node in and returns when it gets connections. */
  async add(node: Node): Promise<void> {
    const backend: Backend = { node, isReady: await isReady(node) };
    this.#backends.add(backend);
    void this.#watch(backend);
    while (!backend.isReady) await sleep(CHECK_INTERVAL);
  }

  remove(node: Node): void {
    for (const backend of this.#backends) if (backend.node === node) this.#backends.delete(backend);
  }

  async #watch(backend: Backend): Promise<void> {
    while (!this.#isEnding && this.#backends.has(backend)) {
      await sleep(CHECK_INTERVAL);
      backend.isReady = await isReady(backend.node);
    }
  }

  async #serve(client: Socket, wire: Wire): Promise<void> {
    this.#keep(client);
    for (const backend of this.#next()) {
      const upstream = await reach(wire === 'http' ? new URL(backend.node.child.url).host : backend.node.child.grpc);
      if (upstream === undefined) continue;
      this.#keep(upstream);
      return join(client, upstream);
    }
    client.resetAndDestroy();
  }

  /** The ready nodes, another one first each time. */
  #next(): Backend[] {
    const ready = [...this.#backends].filter(({ isReady: answer }) => answer);
    this.#turn += 1;
    const start = this.#turn % Math.max(ready.length, 1);
    return [...ready.slice(start), ...ready.slice(0, start)];
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#sockets.delete(socket));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(Object.values(this.#servers).map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

async function isReady({ child }: Node): Promise<boolean> {
  try {
    return (await fetch(`${child.url}/readyz`, { signal: AbortSignal.timeout(PATIENCE), headers: { connection: 'close' } })).status === 200;
  } catch {
    return false;
  }
}

/** A connection, or undefined if none can be had. */
function reach(address: string): Promise<Socket | undefined> {
  const [host = '', port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), allowHalfOpen: true });
    socket.once('error', () => resolve(undefined));
    socket.once('connect', () => resolve(socket));
  });
}

/** Carries bytes and ends both ways. What breaks on one side breaks on the other. */
function join(client: Socket, upstream: Socket): void {
  client.pipe(upstream).pipe(client);
  client.once('close', (hasFailed) => hasFailed && upstream.resetAndDestroy());
  upstream.once('close', (hasFailed) => hasFailed && client.resetAndDestroy());
}
