import assert from 'node:assert/strict';
import { Pool } from 'pg';
import { DeviceKeyServiceService } from '../../gen/keyturn/v1/device_key_service.ts';
import type { UpdatePublicKeyResponse } from '../../gen/keyturn/v1/device_key_service.ts';
import type { Environment } from '../../src/config/index.ts';
import type { KeyKind } from '../../src/crypto/algorithms.ts';
import type { Pair } from '../crypto/keys.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import type { Answer, Wire } from './answer.ts';
import { GrpcClient } from './grpc.ts';
import { DEFAULT_ALG, type Draft, type Form, compactOf, draftOf, newJti, newPair, pemOf, proof, thumbprintOf } from './jwt.ts';
import { RestClient } from './rest.ts';

export const UPDATE = '/device/update/pubkey';
export const EVERY_ALGORITHM = { KEYTURN_IOTHENTIX_ALGORITHMS: 'ES256,ES384,EdDSA,Ed25519,RS256,PS256' };

/** A registered device with its private key. */
export interface Device {
  readonly id: string;
  readonly pair: Pair;
  readonly kind: KeyKind;
}

export interface DeviceOptions {
  readonly id?: string;
  readonly kind?: KeyKind;
  readonly pair?: Pair;
  readonly frozen?: boolean;
  readonly updatesAllowed?: boolean;
  readonly scopes?: readonly string[];
  readonly projectId?: string;
}

/** A key update that a device is about to ask for. */
export interface Update {
  readonly device: Device;
  readonly next: Pair;
  readonly jti: string;
  readonly jwt: string;
  readonly pop: string;
}

export interface UpdateOptions {
  /** The kind of the new key; that of the device unless given. */
  readonly kind?: KeyKind;
  readonly next?: Pair;
  readonly alg?: string;
  readonly jti?: string;
  readonly form?: Form;
  readonly edit?: (draft: Draft) => void;
}

/** One call of UpdatePublicKey. Members that are undefined are not sent. */
export interface WireRequest {
  readonly authorization?: string | undefined;
  readonly pop?: string | undefined;
  readonly requestId?: string;
  /** In place of the JSON with `pop`: over REST the body, over gRPC (bytes only) the message. */
  readonly body?: string | Buffer;
  /** Over REST only; `null` sends none. */
  readonly type?: string | null;
  readonly headers?: readonly (readonly [string, string])[];
  readonly target?: string;
  readonly method?: string;
  readonly chunk?: number;
}

/** What is stored of a device. */
export interface Stored {
  readonly current: string | null;
  readonly keys: number;
  readonly jtis: number;
  readonly rotations: number;
  readonly audits: number;
  readonly outbox: number;
}

const STORED = `select (select current_key from device where device_id = $1) as current,
  (select count(*)::int from public_key where device_id = $1) as keys,
  (select count(*)::int from used_jti where device_id = $1) as jtis,
  (select count(*)::int from rotation where device_id = $1) as rotations,
  (select count(*)::int from audit_event where device_id = $1 and action = 'device_key.rotated') as audits,
  (select count(*)::int from outbox where device_id = $1 and type = 'device_key.rotated') as outbox`;

let serial = 0;

/** Clients of one service on both wires. */
export interface Clients {
  readonly rest: RestClient;
  readonly grpc: GrpcClient;
}

/** A service with clients on both wires and a connection to its tables. */
export class Bench implements Clients, AsyncDisposable {
  readonly service: TestService;
  readonly rest: RestClient;
  readonly grpc: GrpcClient;
  readonly sql: Pool;

  private constructor(service: TestService, sql: Pool) {
    this.service = service;
    this.rest = new RestClient(service.url);
    this.grpc = new GrpcClient(service.grpc);
    this.sql = sql;
  }

  static async start(settings: Environment = {}): Promise<Bench> {
    const service = await startService({ settings });
    return new Bench(service, new Pool({ connectionString: service.databaseUrl, max: 4 }));
  }

  /** Registers a device, over REST. */
  async device({ id, kind = 'P-256', pair = newPair(kind), frozen = false, updatesAllowed = true, scopes = [], projectId = 'default' }: DeviceOptions = {}): Promise<Device> {
    serial += 1;
    const device = { id: id ?? `device-${serial}`, pair, kind };
    const created = await this.operator('POST', '/v1/devices', {
      device_id: device.id,
      public_key: pemOf(pair),
      updates_allowed: updatesAllowed,
      scopes,
      project_id: projectId,
    });
    assert.equal(created.status, 200, created.body);
    if (frozen) await this.operator('POST', `/v1/devices/${device.id}:freeze`);
    return device;
  }

  /** Calls the operator API over REST. */
  operator(method: string, target: string, body?: object | string, headers: readonly (readonly [string, string])[] = []): Promise<Answer> {
    const all: (readonly [string, string])[] = [['Authorization', `Bearer ${OPERATOR_TOKEN}`], ...headers];
    if (body === undefined) return this.rest.send({ method, target, headers: all });
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return this.rest.send({ method, target, headers: [...all, ['Content-Type', 'application/json']], body: text });
  }

  /** Sends one UpdatePublicKey over a wire. */
  send(wire: Wire, request: WireRequest): Promise<Answer> {
    return sendTo(this, wire, request);
  }

  sendUpdate(wire: Wire, { jwt, pop }: Update): Promise<Answer> {
    return this.send(wire, { authorization: jwt, pop });
  }

  stored(deviceId: string): Promise<Stored> {
    return storedOf(this.sql, deviceId);
  }

  /** Sets the clock to the beginning of a second and returns that second. */
  atSecond(): number {
    const { clock } = this.service;
    clock.advance(1000 - (clock.now().getTime() % 1000));
    return Math.floor(clock.now().getTime() / 1000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.rest[Symbol.dispose]();
    this.grpc[Symbol.dispose]();
    await this.sql.end();
    await this.service[Symbol.asyncDispose]();
  }
}

/** Sends one UpdatePublicKey over a wire to the service of the clients. */
export function sendTo(clients: Clients, wire: Wire, request: WireRequest): Promise<Answer> {
  return wire === 'rest' ? sendRest(clients.rest, request) : sendGrpc(clients.grpc, request);
}

function sendRest(rest: RestClient, { authorization, pop, requestId, body, type = 'application/json', headers = [], target, method, chunk }: WireRequest): Promise<Answer> {
  const all: (readonly [string, string])[] = [];
  if (authorization !== undefined) all.push(['Authorization', authorization]);
  if (type !== null) all.push(['Content-Type', type]);
  if (requestId !== undefined) all.push(['X-Request-ID', requestId]);
  return rest.send({
    method: method ?? 'POST',
    target: target ?? UPDATE,
    headers: [...all, ...headers],
    body: body ?? JSON.stringify({ pop }),
    ...(chunk === undefined ? {} : { chunk }),
  });
}

function sendGrpc(grpc: GrpcClient, { authorization, pop, requestId, body }: WireRequest): Promise<Answer> {
  const metadata: (readonly [string, string])[] = [];
  if (authorization !== undefined) metadata.push(['authorization', authorization]);
  if (requestId !== undefined) metadata.push(['x-request-id', requestId]);
  const message = Buffer.isBuffer(body) ? body : { pop: pop ?? '' };
  return grpc.call(DeviceKeyServiceService.updatePublicKey, message, metadata, asDocumented);
}

/** What the tables have of a device. */
export async function storedOf(sql: Pool, deviceId: string): Promise<Stored> {
  const { rows } = await sql.query<Stored>(STORED, [deviceId]);
  assert.ok(rows[0]);
  return rows[0];
}

/** Makes a good update, but for what the options change. */
export function makeUpdate(device: Device, options: UpdateOptions = {}): Update {
  const { kind = device.kind, next = newPair(kind), alg = DEFAULT_ALG[device.kind], jti = newJti(), form = 'A', edit } = options;
  const draft = draftOf(device.id, device.pair, next, alg, jti);
  edit?.(draft);
  const jwt = compactOf(draft);
  const sent = draft.payload['jti'];
  return { device, next, jti: isJti(sent) ? sent : jti, jwt, pop: proof(jwt, next, form) };
}

function asDocumented({ success }: UpdatePublicKeyResponse): object {
  return { Success: success };
}

/** The device after its update. */
export function updated({ device, next }: Update): Device {
  return { id: device.id, kind: device.kind, pair: next };
}

function isJti(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9A-Fa-f]{32,64}$/.test(value);
}

/** Nothing of a refused request is stored. */
export async function assertUntouched(bench: Pick<Bench, 'stored'>, device: Device): Promise<void> {
  const current = thumbprintOf(device.pair);
  assert.deepEqual(await bench.stored(device.id), { current, keys: 1, jtis: 0, rotations: 0, audits: 0, outbox: 0 });
}

/** One rotation is stored, whole. */
export async function assertRotated(bench: Pick<Bench, 'stored'>, { device, next }: Update): Promise<void> {
  const current = thumbprintOf(next);
  assert.deepEqual(await bench.stored(device.id), { current, keys: 2, jtis: 1, rotations: 1, audits: 1, outbox: 1 });
}
