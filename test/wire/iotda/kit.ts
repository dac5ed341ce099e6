import assert from 'node:assert/strict';
import { IotDeviceServiceService } from '../../../gen/keyturn/v1/iot_device_service.ts';
import { assertJsonHeaders, assertNoInternals } from '../answer.ts';
import type { Answer, Wire } from '../answer.ts';
import type { Clients } from '../harness.ts';
import { signed } from '../../support/iotda.ts';
import type { ApplicationRequest, Served } from '../../support/iotda.ts';
import type { Credentials } from '../../support/signer.ts';

const iotda = (code: string, message: string) => () => `{"error_code":"${code}","error_msg":"${message}"}`;
const gateway = (code: string, message: string) => (id: string) => `{"error_code":"${code}","error_msg":"${message}","request_id":"${id}"}`;
const iam = (code: number, message: string, title: string) => () => `{"error":{"code":${code},"message":"${message}","title":"${title}"}}`;

const INCORRECT = 'Incorrect IAM authentication information: ';

/** Rows of section 3 of contracts/iotda.md, copied: HTTP status, body, code and sentence of gRPC; G is the gateway's style. */
const REFUSALS = {
  '002': [401, iotda('IOTDA.000002', 'Authentication failed.'), 16, 'Authentication failed.'],
  '021': [403, iotda('IOTDA.000021', 'Operation not allowed. User not found by IAM token or the authorized user has not subscribed IOTDA service.'), 7, 'Operation not allowed. User not found by IAM token or the authorized user has not subscribed IOTDA service.'],
  '022': [403, iotda('IOTDA.000022', 'Operation not allowed. The user does not have the permission'), 7, 'Operation not allowed. The user does not have the permission'],
  '429': [429, iotda('APIGW.0308', 'The throttling threshold has been reached.'), 8, 'The throttling threshold has been reached.'],
  '413': [413, iotda('APIGW.0201', 'Request entity too large.'), 8, 'Request entity too large.'],
  N029: [404, iotda('IOTDA.000029', 'The API does not exist.'), 5, 'The API does not exist.'],
  I400: [400, iam(400, 'The request body is invalid', 'Bad Request'), 3, 'The request body is invalid'],
  I401: [401, iam(401, 'The username or password is wrong.', 'Unauthorized'), 16, 'The username or password is wrong.'],
  I401P: [401, iam(401, 'The request you have made requires authentication.', 'Unauthorized'), 16, 'The request you have made requires authentication.'],
  'G signature': [401, gateway('APIGW.0301', `${INCORRECT}verify aksk signature fail`), 16, 'Authentication failed.'],
  'G token': [401, gateway('APIGW.0301', `${INCORRECT}decrypt token fail`), 16, 'Authentication failed.'],
  'G expired': [401, gateway('APIGW.0307', 'The token must be updated.'), 16, 'Authentication failed.'],
  'G path': [404, gateway('APIGW.0101', 'The API does not exist or has not been published in the environment.'), 5, 'The API does not exist.'],
  'G method': [404, gateway('APIGW.0101', 'The API does not exist.'), 5, 'The API does not exist.'],
  'G022': [403, gateway('IOTDA.000022', 'Operation not allowed. The user does not have the permission'), 7, 'Operation not allowed. The user does not have the permission'],
} as const;

export type Refused = keyof typeof REFUSALS;

/** Many refusals of one peer, of which none is to wait. */
export const PATIENT = { KEYTURN_PEER_FAILURES_PER_MINUTE: '1000000' };

/** Compares a refusal with the contract, byte for byte. */
export function assertRefused(answer: Answer, name: Refused, reason?: string): void {
  const [status, body, code, sentence] = REFUSALS[name];
  const id = requestIdOf(answer);
  assertNoInternals(answer);
  if (answer.wire === 'grpc') {
    assert.deepEqual([answer.status, answer.body], [code, sentence], answer.reason);
    if (reason !== undefined) assert.equal(answer.reason, reason);
    return;
  }
  assert.deepEqual([answer.status, answer.body], [status, body(id)]);
  assertJsonHeaders(answer);
  const challenge = status === 401 ? ['SDK-HMAC-SHA256, V11-HMAC-SHA256'] : undefined;
  assert.deepEqual(answer.headers.get('www-authenticate'), challenge);
}

export function requestIdOf({ headers }: Answer): string {
  const [id = '', ...more] = headers.get('x-request-id') ?? [];
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.deepEqual(more, []);
  return id;
}

/** The caller was let in: the device that it has asked for is not there. */
export function assertLetIn(answer: Answer): void {
  const expected = answer.wire === 'rest' ? [404, '{"error_code":"IOTDA.014000","error_msg":"The device does not exist."}'] : [5, 'The device does not exist.'];
  assert.deepEqual([answer.status, answer.body], expected);
}

/** How often statements of such a name were run, by the metrics of the service. */
export async function countStatements({ service }: { readonly service: Served }, name: RegExp): Promise<number> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  const counts = [...text.matchAll(/_count\{statement="([^"]*)"[^}]*\} (\d+)/g)].filter(([, statement = '']) => name.test(statement));
  return counts.reduce((sum, [, , count]) => sum + Number(count), 0);
}

/** Asks for a device that nobody has, which shows who is let in. */
export function askDevice({ rest, grpc }: Clients, wire: Wire, headers: readonly (readonly [string, string])[], projectId = 'default'): Promise<Answer> {
  if (wire === 'rest') return rest.send({ method: 'GET', target: `/v5/iot/${projectId}/devices/nobody`, headers });
  return grpc.call(IotDeviceServiceService.showDevice, { projectId, deviceId: 'nobody' }, headers.map(([name, value]) => [name.toLowerCase(), value]));
}

/** Sends a signed request; `edit` changes what is sent after it was signed. */
export function sendSigned(
  { rest, service }: Clients & { readonly service: Served },
  credentials: Credentials,
  request: ApplicationRequest,
  edit: (sent: Sent) => Sent = (sent) => sent,
): Promise<Answer> {
  const { method = 'POST', body } = request;
  const { target, headers } = signed(service, credentials, request);
  const sent = edit({ method, target, headers, body });
  return rest.send({ method: sent.method, target: sent.target, headers: sent.headers, ...(sent.body === undefined ? {} : { body: sent.body }) });
}

/** A request after it was signed. */
export interface Sent {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | undefined;
}

/** Replaces the value of a header; undefined takes the header away. */
export function withHeader(sent: Sent, name: string, change: (value: string) => string | undefined): Sent {
  const headers = sent.headers.flatMap(([each, value]) => {
    const next = each.toLowerCase() === name ? change(value) : value;
    return next === undefined ? [] : [[each, next] as const];
  });
  return { ...sent, headers };
}

/** Adds headers after the request was signed. */
export function plusHeaders(sent: Sent, ...headers: readonly (readonly [string, string])[]): Sent {
  return { ...sent, headers: [...sent.headers, ...headers] };
}
