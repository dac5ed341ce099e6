import assert from 'node:assert/strict';
import { fromJson, toBinary } from '@bufbuild/protobuf';
import type { DescMessage, JsonValue } from '@bufbuild/protobuf';
import { JsonNames, JsonUnset } from '../../gen/keyturn/options/v1/options.ts';
import { IotDeviceServiceService as Service } from '../../gen/keyturn/v1/iot_device_service.ts';
import { loadImage } from '../../src/contract/image.ts';
import { compileJsonWriter } from '../../src/contract/json/write.ts';
import { OPERATOR_TOKEN } from '../support/service.ts';
import { assertJsonHeaders, assertNoInternals, requestIdOf } from './answer.ts';
import type { Answer, Wire } from './answer.ts';
import type { GrpcMethod } from './grpc.ts';
import type { Clients } from './harness.ts';

type Method = Exclude<keyof typeof Service, 'deviceAuth'>;
type Members = Readonly<Record<string, unknown>>;

/** A call of IotDeviceService over both wires. */
export interface IotCall {
  readonly method: Method;
  /** `default` unless given. */
  readonly project?: string;
  readonly device?: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  /** What the body is, as JSON; as it is if it is a text, which is for REST only. */
  readonly body?: unknown;
  /** The operator's unless given; `null` sends none. */
  readonly token?: string | null;
  readonly headers?: readonly (readonly [string, string])[];
}

/** Verb, path behind that of the devices, and the field of the body. */
const ROUTES: Readonly<Record<Method, readonly [verb: string, path: string, body?: string]>> = {
  addDevice: ['POST', '', 'registration'],
  listDevices: ['GET', ''],
  showDevice: ['GET', '/{device_id}'],
  updateDevice: ['PUT', '/{device_id}', 'changes'],
  deleteDevice: ['DELETE', '/{device_id}'],
  freezeDevice: ['POST', '/{device_id}/freeze'],
  unfreezeDevice: ['POST', '/{device_id}/unfreeze'],
  resetFingerprint: ['POST', '/{device_id}/reset-fingerprint', 'reset'],
};

export const add = (body: Members, project?: string): IotCall => ({ method: 'addDevice', body, ...(project === undefined ? {} : { project }) });
export const list = (query: NonNullable<IotCall['query']> = {}, project = 'default'): IotCall => ({ method: 'listDevices', query, project });
export const show = (device: string, project = 'default'): IotCall => ({ method: 'showDevice', device, project });
export const update = (device: string, body: Members): IotCall => ({ method: 'updateDevice', device, body });
export const remove = (device: string, project = 'default'): IotCall => ({ method: 'deleteDevice', device, project });
export const freeze = (device: string, project = 'default'): IotCall => ({ method: 'freezeDevice', device, project });
export const unfreeze = (device: string, project = 'default'): IotCall => ({ method: 'unfreezeDevice', device, project });
export const resetFingerprint = (device: string, body?: Members, project = 'default'): IotCall => ({ method: 'resetFingerprint', device, project, ...(body === undefined ? {} : { body }) });

const image = loadImage();

/** Calls over a wire. The body of an answer over gRPC is what REST has. */
export function ask(clients: Clients, wire: Wire, call: IotCall): Promise<Answer> {
  const { token = OPERATOR_TOKEN, headers = [] } = call;
  const all = token === null ? headers : [['X-Auth-Token', token] as const, ...headers];
  return wire === 'rest' ? askRest(clients, call, all) : askGrpc(clients, call, all);
}

function askRest({ rest }: Clients, { method, project = 'default', device = '', query = {}, body }: IotCall, headers: readonly (readonly [string, string])[]): Promise<Answer> {
  const [verb, path] = ROUTES[method];
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  const target = `/v5/iot/${encodeURIComponent(project)}/devices${path.replace('{device_id}', encodeURIComponent(device))}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`;
  if (body === undefined) return rest.send({ method: verb, target, headers });
  const typed = headers.some(([name]) => name.toLowerCase() === 'content-type') ? headers : [...headers, ['Content-Type', 'application/json'] as const];
  return rest.send({ method: verb, target, headers: typed, body: typeof body === 'string' ? body : JSON.stringify(body) });
}

async function askGrpc({ grpc }: Clients, { method, project = 'default', device, query = {}, body }: IotCall, headers: readonly (readonly [string, string])[]): Promise<Answer> {
  const definition = Service[method] as unknown as GrpcMethod<object, object>;
  const [input, output] = messagesOf(definition.path);
  const field = ROUTES[method][2];
  const json = JSON.stringify({ project_id: project, ...(device === undefined ? {} : { device_id: device }), ...query, ...(field === undefined || body === undefined ? {} : { [field]: body }) });
  const bytes = toBinary(input, fromJson(input, JSON.parse(json) as JsonValue, { registry: image.registry, ignoreUnknownFields: true }));
  const write = compileJsonWriter(output, { jsonNames: JsonNames.JSON_NAMES_PROTO, jsonUnset: JsonUnset.JSON_UNSET_NULL }, image.registry);
  const { responseSerialize } = Service[method] as unknown as { responseSerialize: (response: object) => Buffer };
  const answer = await grpc.call(definition, Buffer.from(bytes), headers, (response) => {
    const shown = write(responseSerialize(response)) as Record<string, JsonValue>;
    return shown['device'] ?? shown;
  });
  return answer;
}

function messagesOf(path: string): readonly [input: DescMessage, output: DescMessage] {
  const service = image.registry.getService('keyturn.v1.IotDeviceService');
  const method = service?.methods.find(({ name }) => path.endsWith(`/${name}`)) ?? assert.fail(path);
  return [method.input, method.output];
}

/** Section 3 of contracts/iotda.md, as far as these calls use it. */
const ERRORS = {
  '006': [400, 3, 'IOTDA.000006', 'Invalid input data.'],
  '008': [400, 3, 'IOTDA.000008', 'Invalid input. The request format is invalid. For details, see the error message.'],
  '009': [400, 3, 'IOTDA.000009', 'Invalid input. Invalid time format.'],
  '010': [400, 3, 'IOTDA.000010', 'Invalid input. The start time must be earlier than the end time.'],
  '017': [400, 3, 'IOTDA.000017', "Invalid input. The specified parameter 'limit' is out of range."],
  '018': [400, 3, 'IOTDA.000018', "Invalid input. The specified parameter 'marker' is out of range."],
  '014031': [400, 6, 'IOTDA.014031', 'Invalid input. The device already exists.'],
  '002': [401, 16, 'IOTDA.000002', 'Authentication failed.'],
  '021': [403, 7, 'IOTDA.000021', 'Operation not allowed. User not found by IAM token or the authorized user has not subscribed IOTDA service.'],
  '022': [403, 7, 'IOTDA.000022', 'Operation not allowed. The user does not have the permission'],
  '001000': [403, 7, 'IOTDA.001000', 'The application does not exist.'],
  '014024': [403, 9, 'IOTDA.014024', 'Operation not allowed. The device already has endpoint.'],
  '014038': [403, 9, 'IOTDA.014038', 'Operation not allowed. It is not allowed to freeze sub-devices, only gateways or directly connected devices can be frozen.'],
  '014040': [403, 9, 'IOTDA.014040', 'Operation not allowed. The device is not frozen, can not unfreeze.'],
  '014000': [404, 5, 'IOTDA.014000', 'The device does not exist.'],
  N029: [404, 12, 'IOTDA.000029', 'The API does not exist.'],
  '413': [413, 8, 'APIGW.0201', 'Request entity too large.'],
} as const;

export type IotError = keyof typeof ERRORS;

/** Compares a refusal with the contract, byte for byte. */
export function assertIotRefused(answer: Answer, name: IotError): void {
  const [status, code, word, sentence] = ERRORS[name];
  assert.match(requestIdOf(answer), /^[0-9a-f]{32}$/);
  assertNoInternals(answer);
  if (answer.wire === 'grpc') return assert.deepEqual([answer.status, answer.body], [code, sentence], answer.reason);
  assert.deepEqual([answer.status, answer.body], [status, `{"error_code":"${word}","error_msg":"${sentence}"}`]);
  assertJsonHeaders(answer);
}

/** A success with its documented status; returns the members of its body. */
export function assertIotDone(answer: Answer, status = 200): Record<string, unknown> {
  assert.deepEqual([answer.status, answer.reason], [answer.wire === 'rest' ? status : 0, undefined], answer.body);
  assert.match(requestIdOf(answer), /^[0-9a-f]{32}$/);
  if (answer.wire === 'grpc') return JSON.parse(answer.body) as Record<string, unknown>;
  assert.deepEqual(answer.headers.get('cache-control'), ['no-store']);
  if (status === 204) {
    assert.deepEqual([answer.body, answer.headers.get('content-type'), answer.headers.get('content-length')], ['', undefined, undefined]);
    return {};
  }
  assertJsonHeaders(answer);
  return JSON.parse(answer.body) as Record<string, unknown>;
}
