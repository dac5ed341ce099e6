import assert from 'node:assert/strict';
import type { VerifyDeviceJwtResponse } from '../../../gen/keyturn/v1/device_token_service.ts';
import { OperatorServiceService } from '../../../gen/keyturn/v1/operator_service.ts';
import type { GetDeviceKeySetResponse } from '../../../gen/keyturn/v1/operator_service.ts';
import { createAccessKey } from '../../support/iotda.ts';
import { OPERATOR_TOKEN } from '../../support/service.ts';
import type { Answer, Wire } from '../answer.ts';
import { plain } from '../grpc.ts';
import type { Bench, Clients, Device } from '../harness.ts';
import { thumbprintOf } from '../jwt.ts';
import { verifyJwt } from './kit.ts';

export const OPERATOR = `Bearer ${OPERATOR_TOKEN}`;
export const VERIFY = 'keyturn:devices:verifyJwt';
export const GET_KEY_SET = 'keyturn:devices:getKeySet';

/** VerifyDeviceJwt of a JWT that nobody has signed whom the caller may see. */
export const NOBODY: VerifyDeviceJwtResponse = { active: false, deviceId: '', projectId: '', state: 0, scopes: [], keyThumbprint: '' };

/** A key of a set, as JSON has it. */
export interface ShownKey {
  readonly [member: string]: string;
}

/** An access key as a caller sends it, with the name by which the audit trail knows it. */
export interface Checker {
  readonly authorization: string;
  readonly actor: string;
}

export async function accessKey(bench: Bench, actions: readonly string[] = [], projectId = 'default'): Promise<Checker> {
  const { accessKey: name, secretKey } = await createAccessKey(bench.service, projectId, actions);
  return { authorization: basic(`${name}:${secretKey}`), actor: `access_key:${name}` };
}

export function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

/** What VerifyDeviceJwt answers, which must not be a refusal. */
export async function verified(clients: Clients, jwt: string, authorization = OPERATOR): Promise<VerifyDeviceJwtResponse> {
  const answer = await verifyJwt(clients, jwt, authorization);
  assert.equal(answer.status, 0, answer.body);
  return JSON.parse(answer.body) as VerifyDeviceJwtResponse;
}

/** What it must answer of a device that has signed. */
export function shown(device: Device, active: boolean, { projectId = 'default', scopes = [] as readonly string[] } = {}): VerifyDeviceJwtResponse {
  return { active, deviceId: device.id, projectId, state: active ? 1 : 2, scopes: [...scopes], keyThumbprint: thumbprintOf(device.pair) };
}

export interface KeySetRequest {
  readonly retired?: boolean;
  readonly authorization?: string;
  /** Over REST. */
  readonly headers?: readonly (readonly [string, string])[];
  /** Over REST; GET unless given. */
  readonly method?: string;
}

/** Sends one GetDeviceKeySet over a wire. */
export function askKeySet({ rest, grpc }: Clients, wire: Wire, deviceId: string, { retired = false, authorization = OPERATOR, headers = [], method = 'GET' }: KeySetRequest = {}): Promise<Answer> {
  const all = authorization === '' ? headers : [['authorization', authorization] as const, ...headers];
  if (wire === 'grpc') return grpc.call(OperatorServiceService.getDeviceKeySet, { deviceId, includeRetired: retired }, all, asJson);
  return rest.send({ method, target: `/v1/devices/${encodeURIComponent(deviceId)}/jwks.json${retired ? '?include_retired=true' : ''}`, headers: all });
}

/** The keys that it answers with. */
export async function keySet(clients: Clients, wire: Wire, deviceId: string, request: KeySetRequest = {}): Promise<ShownKey[]> {
  const answer = await askKeySet(clients, wire, deviceId, request);
  assert.equal(answer.status, wire === 'rest' ? 200 : 0, answer.body);
  return (JSON.parse(answer.body) as { keys: ShownKey[] }).keys;
}

/** Its members are as the standards for keys name them; only the time is a message. */
function asJson({ keys }: GetDeviceKeySetResponse): object {
  return { keys: keys.map(({ retiredAt, ...key }) => (retiredAt === undefined ? key : { ...key, ...(plain({ retiredAt }) as object) })) };
}
