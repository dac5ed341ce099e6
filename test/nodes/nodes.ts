import assert from 'node:assert/strict';
import { Pool } from 'pg';
import { startChild } from '../faults/fixtures/child.ts';
import type { ReadyChild } from '../faults/fixtures/child.ts';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { MASTER_KEYS, OPERATOR_TOKEN } from '../support/service.ts';
import type { Answer, Wire } from '../wire/answer.ts';
import { GrpcClient } from '../wire/grpc.ts';
import { sendTo, storedOf } from '../wire/harness.ts';
import type { Clients, Device, Stored, Update } from '../wire/harness.ts';
import { newPair, pemOf } from '../wire/jwt.ts';
import { assertDone, createDevice, operate } from '../wire/operator.ts';
import { RestClient } from '../wire/rest.ts';

/** A service in a process of its own, with clients on both wires. */
export class Node implements Clients, AsyncDisposable {
  readonly child: ReadyChild;
  readonly rest: RestClient;
  readonly grpc: GrpcClient;

  constructor(child: ReadyChild) {
    this.child = child;
    this.rest = new RestClient(child.url);
    this.grpc = new GrpcClient(child.grpc);
  }

  sendUpdate(wire: Wire, { jwt, pop }: Update): Promise<Answer> {
    return sendTo(this, wire, { authorization: jwt, pop });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.rest[Symbol.dispose]();
    this.grpc[Symbol.dispose]();
    // Nothing that it started stays behind, and nobody waits for its drain.
    this.child.kill('SIGKILL');
    await this.child[Symbol.asyncDispose]();
  }
}

let serial = 0;

/** Two nodes on one database, with a connection to its tables. */
export class Nodes implements AsyncDisposable {
  /** Settings for any node of this database. */
  readonly settings: Readonly<Record<string, string>>;
  readonly sql: Pool;
  readonly first: Node;
  readonly second: Node;
  readonly #started: AsyncDisposableStack;

  private constructor(settings: Readonly<Record<string, string>>, sql: Pool, [first, second]: readonly [Node, Node], started: AsyncDisposableStack) {
    this.settings = settings;
    this.sql = sql;
    this.first = first;
    this.second = second;
    this.#started = started;
  }

  /** Starts both at the same time, on a new database that has no schema yet. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<Nodes> {
    await using started = new AsyncDisposableStack();
    const database = started.use(await createDatabase());
    const all = { ...settingsOf(database), ...settings };
    const sql = started.adopt(new Pool({ connectionString: database.url, max: 4 }), (pool) => pool.end());
    const begin = async (): Promise<Node> => started.use(new Node(await startChild(all)));
    const both = await Promise.all([begin(), begin()]);
    return new Nodes(all, sql, both, started.move());
  }

  /** Starts another node on the same database; it ends with the others. */
  async another(): Promise<Node> {
    return this.#started.use(new Node(await startChild(this.settings)));
  }

  /** The nodes and wires by turns: first REST, second REST, first gRPC, second gRPC. */
  turn(index: number): readonly [Node, Wire] {
    return [index % 2 === 0 ? this.first : this.second, index % 4 < 2 ? 'rest' : 'grpc'];
  }

  /** All updates at once, by turns over both nodes and both wires. */
  crowd(updates: readonly Update[]): Promise<Answer[]> {
    return Promise.all(updates.map((update, index) => {
      const [node, wire] = this.turn(index);
      return node.sendUpdate(wire, update);
    }));
  }

  /** Registers a device, at the first node. */
  async device(): Promise<Device> {
    serial += 1;
    const device: Device = { id: `device-${serial}`, pair: newPair(), kind: 'P-256' };
    assertDone(await operate(this.first, 'rest', createDevice({ device_id: device.id, public_key: pemOf(device.pair) })));
    return device;
  }

  stored(deviceId: string): Promise<Stored> {
    return storedOf(this.sql, deviceId);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#started.disposeAsync();
  }
}

/** What every node of a database is given. */
export function settingsOf({ url }: TestDatabase): Readonly<Record<string, string>> {
  return { KEYTURN_DATABASE_URL: url, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN, KEYTURN_MASTER_KEYS: MASTER_KEYS };
}

/** Two nodes for the whole of a describe block. */
export function withNodes(settings: Readonly<Record<string, string>> = {}): () => Nodes {
  let nodes: Nodes | undefined;
  before(async () => {
    nodes = await Nodes.start(settings);
  });
  after(() => nodes?.[Symbol.asyncDispose]());
  return () => {
    assert.ok(nodes);
    return nodes;
  };
}
