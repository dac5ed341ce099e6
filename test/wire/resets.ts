import assert from 'node:assert/strict';
import { Pool } from 'pg';
import { DeviceSecretServiceService } from '../../gen/keyturn/v1/device_secret_service.ts';
import type { DeviceSecretReset, ResetDeviceSecretRequest } from '../../gen/keyturn/v1/device_secret_service.ts';
import { parseKeyRing } from '../../src/config/index.ts';
import type { Environment } from '../../src/config/index.ts';
import { KeyRing, placeOf } from '../../src/crypto/key_ring.ts';
import type { SecretSlotName } from '../../src/secret_slot.ts';
import { MASTER_KEYS, OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { assertJsonHeaders } from './answer.ts';
import type { Answer, Wire } from './answer.ts';
import { GrpcClient } from './grpc.ts';
import type { Clients } from './harness.ts';
import { assertNewRequestId } from './iotda_errors.ts';
import { RestClient } from './rest.ts';

/** The body of a reset, by proto names. */
export interface ResetBody {
  readonly secret?: string;
  readonly force_disconnect?: boolean;
  readonly secret_type?: string;
}

/** One call of ResetDeviceSecret. */
export interface ResetRequest {
  readonly project?: string;
  readonly device: string;
  readonly action?: string;
  /** Undefined: no body, over gRPC no message in its place. */
  readonly body?: ResetBody | undefined;
  /** `null` sends none. */
  readonly token?: string | null;
  readonly key?: string | undefined;
  /** Besides the token and the key. */
  readonly headers?: readonly (readonly [string, string])[];
  /** Over REST only, in place of `body`, with its media type; `null` sends none. */
  readonly raw?: string | Buffer;
  readonly type?: string | null;
  /** Over REST only. */
  readonly method?: string;
  readonly target?: string;
}

/** What a success says. */
export interface ResetAnswer {
  readonly device_id: string;
  readonly secret: string;
  readonly secret_type: string;
}

export interface NewDevice {
  readonly id?: string;
  readonly project?: string;
  readonly product?: 'coap' | 'nb-iot' | 'mqtt' | 'unlisted';
  readonly gateway?: string;
  readonly certificates?: boolean;
  readonly frozen?: boolean;
}

/** What is stored of a device and its resets, but for the secrets themselves. */
export interface StoredReset {
  readonly audits: number;
  readonly events: readonly string[];
  readonly records: number;
  readonly slots: readonly string[];
}

const STORED = `select (select count(*)::int from audit_event where device_id = $1 and action = 'device_secret.reset') as audits,
  (select coalesce(json_agg(type order by event_id), '[]') from outbox where device_id = $1 and type <> 'device.created') as events,
  (select count(*)::int from idempotency_record where device_id = $1) as records,
  (select coalesce(json_agg(slot order by slot), '[]') from device_secret where device_id = $1) as slots`;

export const NOTHING: StoredReset = { audits: 0, events: [], records: 0, slots: [] };

let serial = 0;

/** A key ring as the services of the tests have it. */
export const testKeyRing = (): KeyRing => new KeyRing(parseKeyRing(MASTER_KEYS));

export function targetOf(device: string, project = 'default', action = 'resetSecret'): string {
  return `/v5/iot/${project}/devices/${encodeURIComponent(device)}/action?action_id=${action}`;
}

/** Calls ResetDeviceSecret over a wire, as the operator unless the request says otherwise. */
export function sendReset(clients: Clients, wire: Wire, request: ResetRequest): Promise<Answer> {
  if (wire === 'rest') return sendRestReset(clients.rest, request);
  const { project = 'default', device, action = 'resetSecret', body } = request;
  const message: ResetDeviceSecretRequest = { projectId: project, deviceId: device, actionId: action, reset: body && messageOf(body) };
  return clients.grpc.call(DeviceSecretServiceService.resetDeviceSecret, message, headersOf(request));
}

/** The same over REST. */
export function sendRestReset(rest: RestClient, request: ResetRequest): Promise<Answer> {
  const { project, device, action, body, raw, type, method = 'POST', target = targetOf(device, project, action) } = request;
  const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const contentType = type === undefined && content !== undefined ? 'application/json' : type;
  const headers = headersOf(request);
  if (typeof contentType === 'string') headers.push(['Content-Type', contentType]);
  return rest.send({ method, target, headers, body: content });
}

function headersOf({ token = OPERATOR_TOKEN, key, headers = [] }: ResetRequest): (readonly [string, string])[] {
  const all = [...headers];
  if (token !== null) all.push(['x-auth-token', token]);
  if (key !== undefined) all.push(['idempotency-key', key]);
  return all;
}

function messageOf({ secret, force_disconnect: forceDisconnect, secret_type: secretType }: ResetBody): DeviceSecretReset {
  return { secret, forceDisconnect, secretType };
}

/** Compares a success with the contract, byte for byte, and returns the secret. */
export function assertReset(answer: Answer, device: string, { slot = 'PRIMARY', secret, replayed = false }: { slot?: SecretSlotName; secret?: string | undefined; replayed?: boolean } = {}): string {
  assert.equal(answer.status, answer.wire === 'rest' ? 200 : 0, `${answer.body} ${answer.reason}`);
  assertNewRequestId(answer);
  const { secret: given } = JSON.parse(answer.body) as ResetAnswer;
  if (secret === undefined) assert.match(given, /^[0-9a-f]{32}$/);
  const expected = secret ?? given;
  assert.equal(answer.body, `{"device_id":"${device}","secret":"${expected}","secret_type":"${slot}"}`);
  assert.deepEqual(answer.headers.get('idempotent-replayed'), replayed ? ['true'] : undefined);
  if (answer.wire === 'rest') {
    assertJsonHeaders(answer);
    assert.deepEqual(answer.headers.get('cache-control'), ['no-store']);
  }
  return expected;
}

/** The secrets of a device, opened. */
export async function secretsOf(sql: Pool, device: string, ring = testKeyRing()): Promise<Partial<Record<SecretSlotName, string>>> {
  const { rows } = await sql.query<{ slot: SecretSlotName; key_id: string; box: Buffer }>('select slot, key_id, box from device_secret where device_id = $1', [device]);
  return Object.fromEntries(rows.map(({ slot, key_id: keyId, box }) => [slot, ring.open(placeOf.deviceSecret(device, slot), { keyId, box }).toString()]));
}

export async function storedResetOf(sql: Pool, device: string): Promise<StoredReset> {
  const { rows } = await sql.query<StoredReset>(STORED, [device]);
  return rows[0] ?? assert.fail();
}

/** A service with clients on both wires and a connection to its tables. */
export class ResetBench implements Clients, AsyncDisposable {
  readonly service: TestService;
  readonly rest: RestClient;
  readonly grpc: GrpcClient;
  readonly sql: Pool;

  private constructor(service: TestService) {
    this.service = service;
    this.rest = new RestClient(service.url);
    this.grpc = new GrpcClient(service.grpc);
    this.sql = new Pool({ connectionString: service.databaseUrl, max: 4 });
  }

  static async start(settings: Environment = {}): Promise<ResetBench> {
    const bench = new ResetBench(await startService({ settings }));
    await bench.operator('/v1/projects', { project_id: 'other', name: 'other' });
    await bench.sql.query(`insert into product (project_id, product_id, name, protocol_type, nb_iot, created_at)
      values ('default', 'coap', 'c', 'CoAP', false, now()), ('default', 'nb-iot', 'n', 'MQTT', true, now()), ('default', 'mqtt', 'm', 'MQTT', false, now())`);
    return bench;
  }

  /** Registers a device and returns its id. */
  async device({ id, project = 'default', product = 'unlisted', gateway, certificates = false, frozen = false }: NewDevice = {}): Promise<string> {
    serial += 1;
    const device = id ?? `device-${serial}`;
    await this.operator('/v1/devices', { device_id: device, project_id: project, product_id: product });
    if (gateway !== undefined) await this.sql.query('update device set gateway_id = $2 where device_id = $1', [device, gateway]);
    if (certificates) await this.sql.query("update device set auth_type = 'CERTIFICATES', fingerprint = $2 where device_id = $1", [device, 'a'.repeat(40)]);
    if (frozen) await this.operator(`/v1/devices/${device}:freeze`, {});
    return device;
  }

  async operator(target: string, body: object | undefined, method = 'POST'): Promise<Answer> {
    const headers: [string, string][] = [['Authorization', `Bearer ${OPERATOR_TOKEN}`]];
    if (body !== undefined) headers.push(['Content-Type', 'application/json']);
    const answer = await this.rest.send({ method, target, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    assert.equal(answer.status, 200, answer.body);
    return answer;
  }

  reset(wire: Wire, request: ResetRequest): Promise<Answer> {
    return sendReset(this, wire, request);
  }

  secrets(device: string): Promise<Partial<Record<SecretSlotName, string>>> {
    return secretsOf(this.sql, device);
  }

  stored(device: string): Promise<StoredReset> {
    return storedResetOf(this.sql, device);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.rest[Symbol.dispose]();
    this.grpc[Symbol.dispose]();
    await this.sql.end();
    await this.service[Symbol.asyncDispose]();
  }
}

/** One service for the whole of a describe block. */
export function withResets(settings: Environment = {}): () => ResetBench {
  let bench: ResetBench | undefined;
  before(async () => {
    bench = await ResetBench.start(settings);
  });
  after(() => bench?.[Symbol.asyncDispose]());
  return () => bench ?? assert.fail('the service is not there yet');
}
