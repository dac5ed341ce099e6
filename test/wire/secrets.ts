import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import { DeviceSecretServiceService } from '../../gen/keyturn/v1/device_secret_service.ts';
import { IotDeviceServiceService } from '../../gen/keyturn/v1/iot_device_service.ts';
import { devicePassword } from '../../src/crypto/device_password.ts';
import { KeyRing, placeOf } from '../../src/crypto/key_ring.ts';
import type { SecretSlotName } from '../../src/secret_slot.ts';
import { MASTER_KEYS, OPERATOR_TOKEN } from '../support/service.ts';
import type { Answer, Wire } from './answer.ts';
import type { Bench } from './harness.ts';

const [KEY_ID = '', KEY = ''] = MASTER_KEYS.split(':');
const RING = new KeyRing([{ id: KEY_ID, key: Buffer.from(KEY, 'base64') }]);

/** A device with secrets. */
export interface SecretDevice {
  readonly id: string;
  readonly primary: string | undefined;
  readonly secondary: string | undefined;
}

export interface SecretDeviceOptions {
  readonly id?: string;
  readonly projectId?: string;
  /** `null`: none. */
  readonly primary?: string | null;
  readonly secondary?: string;
}

export const OPERATOR: readonly (readonly [string, string])[] = [['authorization', `Bearer ${OPERATOR_TOKEN}`]];

let serial = 0;

/** Registers a device that has secrets. */
export async function secretDevice(bench: Bench, { id, projectId = 'default', primary = randomBytes(8).toString('hex'), secondary }: SecretDeviceOptions = {}): Promise<SecretDevice> {
  serial += 1;
  const device = { id: id ?? `secret-${serial}`, primary: primary ?? undefined, secondary };
  const created = await bench.operator('POST', '/v1/devices', { device_id: device.id, project_id: projectId });
  assert.equal(created.status, 200, created.body);
  await bench.sql.query('delete from device_secret where device_id = $1', [device.id]);
  if (device.primary !== undefined) await setSecret(bench, device.id, 'PRIMARY', device.primary);
  if (secondary !== undefined) await setSecret(bench, device.id, 'SECONDARY', secondary);
  return device;
}

/** Registers a device that was made a minute ago, and had a minute to become active. */
export async function lateDevice(bench: Bench, primary: string): Promise<SecretDevice> {
  const device = await secretDevice(bench, { primary });
  const now = bench.service.clock.now();
  await bench.sql.query("update device set created_at = $2::timestamptz - interval '60 s', timeout = 60, expires_at = $2 where device_id = $1", [device.id, now]);
  return device;
}

/** Sets a secret as a reset does: under the device's lock, with its last use forgotten. */
export async function setSecret({ sql, service }: Pick<Bench, 'service'> & { readonly sql: Pick<Client, 'query'> }, deviceId: string, slot: SecretSlotName, secret: string): Promise<void> {
  const { keyId, box } = RING.seal(placeOf.deviceSecret(deviceId, slot), secret);
  await sql.query(
    `with dev as (select device_id from device where device_id = $1 for update)
    insert into device_secret (device_id, slot, key_id, box, set_at) select device_id, $2, $3, $4, $5 from dev
    on conflict (device_id, slot) do update set key_id = excluded.key_id, box = excluded.box, set_at = excluded.set_at, last_used_at = null`,
    [deviceId, slot, keyId, box, service.clock.now()],
  );
}

/** The hour of a time in UTC, `YYYYMMDDHH`. */
export function hourText(time: Date): string {
  return time.toISOString().replaceAll(/[-T]/g, '').slice(0, 10);
}

/** What a device sends to connect over MQTT. */
export interface Connect {
  readonly clientId: string;
  readonly userName: string;
  readonly password: string;
}

/** A good request to connect. */
export function connectOf(deviceId: string, secret: string, { signType = 0, hour = '2025041401' }: { signType?: number; hour?: string } = {}): Connect {
  return { clientId: `${deviceId}_0_${signType}_${hour}`, userName: deviceId, password: devicePassword(secret, hour) };
}

/** What AuthenticateConnection has answered: its return code, device, project and slot. */
export type Decision = readonly [returnCode: number, deviceId: string, projectId: string, slot: number];

/** Asks for a decision on a connection, over gRPC. */
export function ask({ grpc }: Pick<Bench, 'grpc'>, connect: Connect, headers = OPERATOR): Promise<Answer> {
  return grpc.call(DeviceSecretServiceService.authenticateConnection, connect, headers, ({ returnCode, deviceId, projectId, slot }) => [returnCode, deviceId, projectId, slot]);
}

export async function decide(bench: Pick<Bench, 'grpc'>, connect: Connect, headers = OPERATOR): Promise<Decision> {
  const answer = await ask(bench, connect, headers);
  assert.equal(answer.status, 0, answer.body);
  return JSON.parse(answer.body) as Decision;
}

/** The body of a DeviceAuth; what is undefined is not sent. */
export interface AuthBody {
  readonly device_id?: unknown;
  readonly sign_type?: unknown;
  readonly timestamp?: unknown;
  readonly password?: unknown;
}

export function authOf(deviceId: string, secret: string, { signType = 0, hour = '2025041401' }: { signType?: number; hour?: string } = {}): AuthBody {
  return { device_id: deviceId, sign_type: signType, timestamp: hour, password: devicePassword(secret, hour) };
}

/** Over gRPC a member of another type cannot be sent. */
function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Asks for an access token over a wire. */
export function deviceAuth({ rest, grpc }: Pick<Bench, 'rest' | 'grpc'>, wire: Wire, body: AuthBody): Promise<Answer> {
  if (wire === 'rest') {
    return rest.send({ target: '/v5/device-auth', headers: [['Content-Type', 'application/json']], body: JSON.stringify(body) });
  }
  const message = {
    deviceId: text(body.device_id),
    signType: typeof body.sign_type === 'number' ? body.sign_type : undefined,
    timestamp: text(body.timestamp),
    password: text(body.password),
  };
  return grpc.call(IotDeviceServiceService.deviceAuth, message, [], ({ accessToken, expiresIn }) => ({ access_token: accessToken, expires_in: expiresIn }));
}
