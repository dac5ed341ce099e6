import assert from 'node:assert/strict';
import { OperatorServiceService as Service } from '../../gen/keyturn/v1/operator_service.ts';
import { OPERATOR_TOKEN } from '../support/service.ts';
import { assertJsonHeaders, assertNoInternals, requestIdOf } from './answer.ts';
import type { Answer, Wire } from './answer.ts';
import type { GrpcMethod } from './grpc.ts';
import type { Clients } from './harness.ts';

/** A call of the operator API over both wires. */
export interface OperatorCall {
  /** As over REST, `GET /v1/devices`; members in braces are taken from the request. */
  readonly http: string;
  readonly method: keyof typeof Service;
  /** Proto names. Over REST what the path does not take goes to the body of a POST, else to the query. */
  readonly request?: Readonly<Record<string, unknown>>;
  /** Sent as X-Request-ID. */
  readonly requestId?: string;
}

const call = (http: string, method: OperatorCall['method']) => (request: Record<string, unknown> = {}): OperatorCall => ({ http, method, request });

export const createDevice = call('POST /v1/devices', 'createDevice');
export const getDevice = call('GET /v1/devices/{device_id}', 'getDevice');
export const listDevices = call('GET /v1/devices', 'listDevices');
export const deleteDevice = call('DELETE /v1/devices/{device_id}', 'deleteDevice');
export const freezeDevice = call('POST /v1/devices/{device_id}:freeze', 'freezeDevice');
export const unfreezeDevice = call('POST /v1/devices/{device_id}:unfreeze', 'unfreezeDevice');
export const setDeviceScopes = call('POST /v1/devices/{device_id}:setScopes', 'setDeviceScopes');
export const listDeviceKeys = call('GET /v1/devices/{device_id}/keys', 'listDeviceKeys');
export const createProject = call('POST /v1/projects', 'createProject');
export const listProjects = call('GET /v1/projects', 'listProjects');
export const listDeviceSecrets = call('GET /v1/devices/{device_id}/secrets', 'listDeviceSecrets');
export const listMasterKeys = call('GET /v1/master-keys', 'listMasterKeys');
export const rotateMasterKey = call('POST /v1/master-keys:rotate', 'rotateMasterKey');
export const listAuditEvents = call('GET /v1/audit-events', 'listAuditEvents');
export const createProduct = call('POST /v1/products', 'createProduct');
export const listProducts = call('GET /v1/products', 'listProducts');
export const createAccessKey = call('POST /v1/access-keys', 'createAccessKey');
export const listAccessKeys = call('GET /v1/access-keys', 'listAccessKeys');
export const deleteAccessKey = call('DELETE /v1/access-keys/{access_key}', 'deleteAccessKey');
export const createUser = call('POST /v1/users', 'createUser');
export const listUsers = call('GET /v1/users', 'listUsers');
export const setUserPassword = call('POST /v1/users/{user_id}:setPassword', 'setUserPassword');
export const disableUser = call('POST /v1/users/{user_id}:disable', 'disableUser');
export const enableUser = call('POST /v1/users/{user_id}:enable', 'enableUser');
export const deleteUser = call('DELETE /v1/users/{user_id}', 'deleteUser');
export const getIdentity = call('GET /v1/identities/{pk}', 'getIdentity');
export const revokeIdentity = call('POST /v1/identities/{pk}:revoke', 'revokeIdentity');
export const listIssuerKeys = call('GET /v1/issuer-keys', 'listIssuerKeys');
export const rotateIssuerKey = call('POST /v1/issuer-keys:rotate', 'rotateIssuerKey');
export const revokeIssuerKey = call('POST /v1/issuer-keys/{public_key}:revoke', 'revokeIssuerKey');
export const createTrustedIssuer = call('POST /v1/trusted-issuers', 'createTrustedIssuer');
export const listTrustedIssuers = call('GET /v1/trusted-issuers', 'listTrustedIssuers');
export const deleteTrustedIssuer = call('DELETE /v1/trusted-issuers', 'deleteTrustedIssuer');

export const EVERY_CALL: readonly OperatorCall[] = [
  createDevice({ device_id: 'x' }), getDevice({ device_id: 'x' }), listDevices(), deleteDevice({ device_id: 'x' }), freezeDevice({ device_id: 'x' }),
  unfreezeDevice({ device_id: 'x' }), setDeviceScopes({ device_id: 'x', scopes: ['x'] }), listDeviceKeys({ device_id: 'x' }), createProject({ name: 'x' }), listProjects(), listAuditEvents(),
  listDeviceSecrets({ device_id: 'x' }), listMasterKeys(), rotateMasterKey(),
  createProduct({ product_id: 'x' }), listProducts(), createAccessKey({ project_id: 'x' }), listAccessKeys(), deleteAccessKey({ access_key: 'x' }),
  createUser({ name: 'x', domain: 'x', password: 'a password', project_id: 'x' }), listUsers(), setUserPassword({ user_id: 'x', password: 'a password' }),
  disableUser({ user_id: 'x' }), enableUser({ user_id: 'x' }), deleteUser({ user_id: 'x' }),
  listIssuerKeys(), rotateIssuerKey(), revokeIssuerKey({ public_key: 'x' }), createTrustedIssuer({ issuer: 'x', public_key: 'x' }), listTrustedIssuers(),
  deleteTrustedIssuer({ issuer: 'x' }), getIdentity({ pk: 'x' }), revokeIdentity({ pk: 'x' }),
];

/** Calls with the operator's token, or with another authorization; `null` sends none. */
export function operate(bench: Clients, wire: Wire, { http, method, request = {}, requestId }: OperatorCall, authorization: string | null = `Bearer ${OPERATOR_TOKEN}`): Promise<Answer> {
  const headers: (readonly [string, string])[] = authorization === null ? [] : [['authorization', authorization]];
  if (requestId !== undefined) headers.push(['x-request-id', requestId]);
  if (wire === 'grpc') return callGrpc(bench, method, request, headers);
  const [verb = '', template = ''] = http.split(' ');
  const rest = { ...request };
  const path = template.replace(/\{(.*)\}/, (_, name: string) => {
    const value = String(rest[name]);
    delete rest[name];
    return encodeURIComponent(value);
  });
  if (verb !== 'POST') return bench.rest.send({ method: verb, target: path + queryOf(rest), headers });
  return bench.rest.send({ method: verb, target: path, headers: [...headers, ['Content-Type', 'application/json']], body: JSON.stringify(rest) });
}

function queryOf(members: object): string {
  const pairs = Object.entries(members).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** The list in an answer is member `devices` and so on; a resource is shown as itself, as over REST. */
function callGrpc(bench: Clients, method: keyof typeof Service, request: object, headers: (readonly [string, string])[]): Promise<Answer> {
  const definition = Service[method] as unknown as GrpcMethod<object, object>;
  const { requestDeserialize } = Service[method];
  const empty = requestDeserialize(Buffer.alloc(0));
  const message = Object.fromEntries(Object.entries(request).map(([name, value]) => [name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), value]));
  return bench.grpc.call(definition, { ...empty, ...message }, headers).then(unwrap);
}

function unwrap(answer: Answer): Answer {
  if (answer.status !== 0) return answer;
  const body = JSON.parse(answer.body) as Record<string, unknown>;
  const resource = body['device'] ?? body['project'] ?? body['product'] ?? body['user'] ?? body['master_key'] ?? body['issuer_key'] ?? body['trusted_issuer'] ?? body['identity'];
  return resource === undefined ? answer : { ...answer, body: JSON.stringify(resource) };
}

export function assertDone(answer: Answer): unknown {
  assert.deepEqual([answer.status, answer.reason], [answer.wire === 'rest' ? 200 : 0, undefined], answer.body);
  requestIdOf(answer);
  if (answer.wire === 'rest') assertJsonHeaders(answer);
  return JSON.parse(answer.body);
}

/** The reasons of error_reason.proto that belong to the operator API. */
const REASONS = {
  INVALID_ARGUMENT: [400, 3, 'The request is not in the expected form.'],
  UNAUTHENTICATED: [401, 16, "This call needs the operator's bearer token, or an access key where it takes one."],
  ROUTE_NOT_FOUND: [404, 5, 'There is nothing at this path.'],
  METHOD_NOT_ALLOWED: [405, 12, 'This path does not have this method.'],
  BODY_TOO_LARGE: [413, 8, 'The body is larger than this call takes.'],
  UNSUPPORTED_MEDIA_TYPE: [415, 3, 'This call takes application/json.'],
  IDENTITY_NOT_FOUND: [404, 5, 'There is no such identity key.'],
  DEVICE_NOT_FOUND: [404, 5, 'There is no such device.'],
  DEVICE_EXISTS: [409, 6, 'A device of this id is registered already.'],
  PUBLIC_KEY_EXISTS: [409, 6, 'This public key belongs or belonged to a device; no key is accepted twice.'],
  PROJECT_NOT_FOUND: [404, 5, 'There is no such project.'],
  KEY_RING_GIVEN: [400, 9, 'The key ring is given by KEYTURN_MASTER_KEYS; put the new key there, on every node.'],
  PROJECT_EXISTS: [409, 6, 'A project of this id exists already.'],
  PRODUCT_EXISTS: [409, 6, 'The project has a product of this id already.'],
  USER_EXISTS: [409, 6, 'The domain has a user of this name already.'],
  USER_NOT_FOUND: [404, 5, 'There is no such user.'],
  ACCESS_KEY_NOT_FOUND: [404, 5, 'There is no such access key.'],
  ISSUER_KEY_NOT_FOUND: [404, 5, 'There is no such issuer key.'],
  ISSUER_KEY_ACTIVE: [409, 9, 'This issuer key signs: rotate it first, then revoke it.'],
  TRUSTED_ISSUER_NOT_FOUND: [404, 5, 'There is no such trusted issuer, or the settings name it.'],
} as const;

export type OperatorReason = keyof typeof REASONS;

/** Compares a refusal with the catalogue, byte for byte, and the fields it names. */
export function assertRefused(answer: Answer, reason: OperatorReason, fields: readonly string[] = []): void {
  const [status, code, sentence] = REASONS[reason];
  assert.deepEqual([answer.status, answer.reason, answer.fields], [answer.wire === 'rest' ? status : code, reason, fields], answer.body);
  requestIdOf(answer);
  assertNoInternals(answer);
  if (answer.wire === 'grpc') return assert.equal(answer.body, sentence);
  assertJsonHeaders(answer);
  const info = `{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"${reason}","domain":"keyturn"}`;
  const start = `{"code":${code},"message":"${sentence}","details":[${info}`;
  assert.equal(answer.body.slice(0, start.length), start);
  if (fields.length === 0) assert.equal(answer.body, `${start}]}`);
}
